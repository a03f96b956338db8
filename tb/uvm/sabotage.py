# SPDX-License-Identifier: Apache-2.0
"""Parts of the environment that err, each in the way that one checker is there for: they prove that it can fail."""

from dataclasses import replace

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles, RisingEdge

from tb.oracle.trace import Observed, Trace
from tb.uvm.scoreboard import TraceMonitor
from tb.uvm.stream_agent import StreamDriver, StreamTaker


class WrongValue(TraceMonitor):
    """Flips the last bit of the first value that is read."""

    flipped = False

    def read(self) -> list[Observed]:
        seen = super().read()
        if seen and not self.flipped:
            self.flipped = True
            seen[0] = replace(seen[0], values=seen[0].values ^ np.eye(1, len(seen[0].values), dtype=np.int32)[0])
        return seen


class MissingStage(TraceMonitor):
    """Keeps the first stage that is read for itself."""

    kept = False

    def read(self) -> list[Observed]:
        seen = super().read()
        first = 0 if self.kept or not seen else 1
        self.kept = self.kept or bool(first)
        return seen[first:]


class _Lossy(Trace):
    """Loses the first record of the first trace that it reads."""

    lost = False

    def _vectors(self, path, records):
        first = 0 if self.lost or not len(records) else 1
        self.lost = self.lost or bool(first)
        return super()._vectors(path, records[first:])


class MissingBeat(TraceMonitor):
    """Loses the first beat of all."""

    def restart(self) -> None:
        super().restart()
        self.trace = _Lossy(self.config.trace, self.config.ckpt.shape, self.config.die.lanes)


class Fickle(StreamDriver):
    """Withdraws the first beat that has to wait."""

    def restart(self) -> None:
        super().restart()
        cocotb.start_soon(self._withdraw())

    async def _withdraw(self) -> None:
        valid, ready, _ = self.stream.signals(self.dut)
        waited = False
        while not waited:
            await RisingEdge(self.dut.clk_i)
            waited = bool(int(valid.value)) and not int(ready.value)
        self.source.stop()
        valid.value = 0


class Asleep(StreamTaker):
    """Takes nothing."""

    def restart(self) -> None:
        super().restart()
        self.sink.stop()


class Slow(StreamTaker):
    """Looks at every beat for a while before it takes it."""

    def restart(self) -> None:
        super().restart()
        self.sink.stop()
        cocotb.start_soon(self._take())

    async def _take(self) -> None:
        valid, ready, _ = self.stream.signals(self.dut)
        while True:
            await RisingEdge(self.dut.clk_i)
            if int(valid.value):
                await ClockCycles(self.dut.clk_i, 3)
                ready.value = 1
                await RisingEdge(self.dut.clk_i)
                ready.value = 0
                await RisingEdge(self.dut.clk_i)
