# SPDX-License-Identifier: Apache-2.0
"""Signatures against the golden model's: of any beats, with pauses; one wrong bit anywhere is another word."""

import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge

from models.die.shape import LANES
from models.golden.signature import signature
from tb.evidence.coverage.points import signature as cover
from tb.rig.beats import extreme_fx, pack, random_fx


class SignatureBench:
    """Beats in, and the golden signature of all since reset."""

    def __init__(self, dut) -> None:
        self.dut, self.golden = dut, 0
        dut.fire_i.value = dut.data_i.value = 0
        cocotb.start_soon(Clock(dut.clk_i, 10, "ns").start())

    async def reset(self) -> None:
        self.dut.rst_i.value = 1
        await RisingEdge(self.dut.clk_i)
        self.dut.rst_i.value = 0
        self.golden = 0

    async def beat(self, values, fire: bool = True) -> None:
        """A beat that is accepted, or one that only waits; then the word must be the golden one."""
        self.dut.data_i.value, self.dut.fire_i.value = pack(values), int(fire)
        await RisingEdge(self.dut.clk_i)
        before, self.golden = self.golden, signature(self.golden, values[None]) if fire else self.golden
        self.dut.fire_i.value = 0
        await RisingEdge(self.dut.clk_i)
        cover.sample(before, fire, values)
        got = int(self.dut.sum_o.value)
        assert got == self.golden, f"the signature is {got:08x}, not {self.golden:08x}"


@cocotb.test()
async def beats(dut):
    """Random and extreme beats, some of which only wait, and resets between them."""
    bench = SignatureBench(dut)
    for _ in range(3):
        await bench.reset()
        for values in [*extreme_fx(LANES), *(random_fx(LANES) for _ in range(40))]:
            await bench.beat(values, fire=random.random() < 0.8)


@cocotb.test()
async def lanes(dut):
    """A bit that is wrong in one lane, or in another, makes words that differ from the right one and each other."""
    bench = SignatureBench(dut)
    values, words = random_fx(LANES), set()
    for lane in (None, *range(LANES)):
        await bench.reset()
        wrong = values.copy()
        if lane is not None:
            wrong[lane] ^= 1 << 5
        await bench.beat(wrong)
        await bench.beat(values)
        words.add(bench.golden)
    assert len(words) == LANES + 1
