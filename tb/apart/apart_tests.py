# SPDX-License-Identifier: Apache-2.0
"""cocotb test of a part of a chip by itself: golden input goes in, every stage is held against its frames."""

import json
import os
import resource
import time
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge, Timer

from models.golden.chip import Step
from models.golden.stage import CHIP
from models.mask import index
from tb.apart import frames
from tb.oracle.scoreboard import Mismatch, Scoreboard
from tb.oracle.trace import Trace

PERIOD = 10  # ns
POLL = 1000  # clocks between two looks at the trace
PATIENCE = 2000  # polls without a value from any stage


class PartBench:
    """Drives layer_bench or head_bench: ``part`` of the chip of a mask, its frames in the folder ``source``."""

    def __init__(self, dut, part: int, mask: Path, source: Path, trace: Path) -> None:
        shape, die, _ = index.read(mask)
        self.dut, self.part = dut, part
        self.trace = Trace(trace, shape, die.lanes)
        self.steps = frames.read(source, part)
        self.early: dict[tuple[int, int], list[Step]] = {}  # read already, of tokens that come later in a batch
        self.board = Scoreboard(self.expect)

    def expect(self, slot: int, pos: int) -> Step | None:
        """The next step of a slot's position; None if there is none. A batch has its slots in another order."""
        while not self.early.get((slot, pos)):
            if (step := next(self.steps, None)) is None:
                return None
            self.early.setdefault((step.slot, step.pos), []).append(step)
        return self.early[slot, pos].pop(0)

    async def start(self) -> None:
        """Clock, reset, and the adapters of a layer."""
        dut = self.dut
        dut.play_i.value = 0
        if self.part != CHIP:
            dut.id_i.value, dut.load_i.value = self.part, 0
        dut.rst_i.value = 1
        Clock(dut.clk_i, PERIOD, unit="ns").start()
        await ClockCycles(dut.clk_i, 6)
        dut.rst_i.value = 0
        await ClockCycles(dut.clk_i, 3)
        if self.part != CHIP:
            dut.load_i.value = 1
            while not int(dut.loaded_o.value):
                await ClockCycles(dut.clk_i, 1)
        dut.play_i.value = 1

    async def finish(self) -> None:
        """Run until everything has gone through, checks at every poll. Mismatch where RTL and frames differ."""
        quiet = 0
        while not (int(self.dut.played_o.value) and int(self.dut.idle_o.value)):
            before = self.board.stages
            await Timer(PERIOD * POLL, unit="ns")
            await RisingEdge(self.dut.clk_i)
            self.board.check(list(self.trace.read()))
            quiet = quiet + 1 if self.board.stages == before else 0
            if quiet > PATIENCE:
                raise Mismatch(f"the part hangs: no stage put out anything for {quiet * POLL} clocks")
        self.board.check(list(self.trace.read()))
        self.board.finish()
        if names := self.trace.unfinished():
            raise Mismatch(f"beats are missing of {names[0]}")
        if next(self.steps, None) or any(self.early.values()):
            raise Mismatch("tokens went in, and no stage put them out")
        if self.part != CHIP:
            for name in ("stray", "parted", "corrected", "failed"):
                if int(getattr(self.dut, f"{name}_o").value):
                    raise Mismatch(f"layer {self.part} says {name}, and nothing was disturbed")


@cocotb.test()
async def alone(dut) -> None:
    """One part, as the environment names it."""
    env = os.environ
    places = (Path(env[name]) for name in ("MASK", "FRAMES", "TRACE"))
    bench = PartBench(dut, int(env["PART"]), *places)
    await bench.start()
    begun = time.perf_counter()
    await bench.finish()
    report = {
        "stages_compared": bench.board.stages,
        "values_compared": bench.board.values,
        "tokens": bench.board.tokens,
        "seconds": time.perf_counter() - begun,
        "peak_memory_bytes": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    }
    Path(env["REPORT"]).write_text(json.dumps(report))
