"""Benches of the chip and of every operator, under Verilator and Icarus."""
