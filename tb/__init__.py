# SPDX-License-Identifier: Apache-2.0
"""Benches of the chip and of every operator, under Verilator and Icarus."""
