# SPDX-License-Identifier: Apache-2.0
"""What watches a run beside the scoreboard: a watchdog that counts idle clocks, and the cycle model."""

from collections.abc import Callable

from cocotb.triggers import RisingEdge
from pyuvm import uvm_component, uvm_subscriber

from tb.uvm.stream_agent import Seen, StreamMonitor


class HangError(AssertionError):
    """Nothing moves, and something should."""


class ClockError(AssertionError):
    """Something took another number of clocks than the cycle model says."""


class Watchdog(uvm_subscriber):
    """Fails when work is open and no stream has moved for ``patience`` clocks; names the streams that wait."""

    def build_phase(self) -> None:
        self.dut, self.patience = self.cdb_get("dut"), self.cdb_get("config").patience
        self.idle = 0
        self.monitors: list[StreamMonitor] = []
        self.busy: Callable[[], bool] = bool

    def write(self, seen: Seen) -> None:
        """A beat moved."""
        self.idle = 0

    async def run_phase(self) -> None:
        while True:
            await RisingEdge(self.dut.clk_i)
            self.idle = self.idle + 1 if self.busy() else 0
            if self.idle > self.patience:
                waiting = [monitor.stream.name for monitor in self.monitors if monitor.waits] or ["none"]
                raise HangError(f"no beat for {self.idle} clocks, streams that wait: {', '.join(waiting)}")


class CycleModel(uvm_component):
    """Holds clocks against the cycle model; tells how many it held."""

    def build_phase(self) -> None:
        self.held = 0

    def hold(self, what: str, clocks: int, expected: int) -> None:
        """ClockError unless it took the expected clocks."""
        if clocks != expected:
            raise ClockError(f"{what} took {clocks} clocks, not the {expected} of the cycle model")
        self.held += 1
