# SPDX-License-Identifier: Apache-2.0
"""The UVM environment of layer and chip: agents for their streams, sequences, scoreboard, watchdog, cycle model."""
