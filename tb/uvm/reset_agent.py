# SPDX-License-Identifier: Apache-2.0
"""The clock, and resets in the middle of anything."""

from typing import NamedTuple

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles
from pyuvm import uvm_analysis_port, uvm_component

PERIOD = 10  # ns
ARRIVES = 2  # clocks until the chip's reset tree has reached its sequencer
SHORTEST = 5  # clocks until nothing of the past moves any more in any layer


class Event(NamedTuple):
    """Something that a sequence did or saw: 'reset begins', 'reset ends', 'prompt', 'answer'; where, if that counts."""

    kind: str
    slot: int = -1
    pos: int = -1


class ResetAgent(uvm_component):
    """Runs the clock and drives the reset; publishes when a reset begins and ends."""

    def build_phase(self) -> None:
        self.dut = self.cdb_get("dut")
        self.port = uvm_analysis_port("port", self)

    async def run_phase(self) -> None:
        cocotb.start_soon(Clock(self.dut.clk_i, PERIOD, "ns").start(start_high=False))

    async def pulse(self, clocks: int = SHORTEST) -> None:
        """One reset of at least SHORTEST clocks. The streams' ends drop what they hold once it has arrived."""
        self.dut.rst_i.value = 1
        await ClockCycles(self.dut.clk_i, ARRIVES)
        self.port.write(Event("reset begins"))
        await ClockCycles(self.dut.clk_i, clocks - ARRIVES)
        self.port.write(Event("reset ends"))
        self.dut.rst_i.value = 0
