# SPDX-License-Identifier: Apache-2.0
"""The scoreboard component: the traces of the stage taps against the golden model, restarted with every reset."""

import os
from collections.abc import Iterable
from typing import Protocol

from cocotb.triggers import ClockCycles
from pyuvm import uvm_analysis_port, uvm_component, uvm_scoreboard

from models.golden.chip import Step
from tb.oracle.scoreboard import Mismatch, Scoreboard
from tb.oracle.trace import FLUSH, Observed, Trace
from tb.uvm.reset_agent import Event

POLL = 200  # clocks between looks at the traces


class Model(Protocol):
    """A golden model, as the scoreboard asks it."""

    def expect(self, slot: int, pos: int) -> Step | None:
        """The next step of a slot's position; None if there is none."""

    def restart(self) -> None:
        """Forget everything."""


class TraceMonitor(uvm_component):
    """Reads what the stage taps write; publishes every whole stage."""

    def build_phase(self) -> None:
        self.config = self.cdb_get("config")
        self.port = uvm_analysis_port("port", self)
        self.restart()

    def restart(self) -> None:
        """Forget what was written, and stages of which only some beats have come."""
        FLUSH(None)
        for written in self.config.trace.glob("trace_*.bin"):
            os.truncate(written, 0)
        self.trace = Trace(self.config.trace, self.config.ckpt.shape, self.config.die.lanes)

    def read(self) -> list[Observed]:
        """Whole stages since the last call. TraceError on lost beats."""
        seen = list(self.trace.read())
        for one in seen:
            self.port.write(one)
        return seen


class StageScoreboard(uvm_scoreboard):
    """Holds every stage of every token against ``model``; at a reset the model starts anew."""

    def build_phase(self) -> None:
        self.dut = self.cdb_get("dut")
        self.traces = TraceMonitor.create("traces", self)
        self.model: Model | None = None
        self.board = Scoreboard(self._expect)
        self.begun = False  # what moves before the first reset is of the test before, in the same simulation

    def _expect(self, slot: int, pos: int) -> Step | None:
        return self.model.expect(slot, pos)

    async def run_phase(self) -> None:
        while True:
            await ClockCycles(self.dut.clk_i, POLL)
            self.check()

    def check(self) -> None:
        """Compare what has come. Mismatch or TraceError names what is wrong."""
        self.board.check(self.traces.read())

    def write_event(self, event: Event) -> None:
        """At the end of a reset nothing of the past moves any more: it is compared, and all begins anew."""
        if event.kind == "reset ends":
            if self.begun:
                self.check()
            self.begun = True
            self.board = Scoreboard(self._expect)
            self.traces.restart()
            self.model.restart()

    def finish(self, expected: Iterable[tuple[str, object, object]] = ()) -> None:
        """Nothing is missing, and each (what, expected, got) agrees. Mismatch if not."""
        self.check()
        if names := self.traces.trace.unfinished():
            raise Mismatch(f"beats are missing of {names[0]}")
        self.board.finish()
        for what, golden, got in expected:
            if golden != got:
                raise Mismatch(f"{what}: expected {golden}, got {got}")
