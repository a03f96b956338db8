# SPDX-License-Identifier: Apache-2.0
"""Products in stages: exact, of whatever signs, for the operands that each stage was enabled for."""

import itertools
import random

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge

from tb.evidence.coverage.points import multiplier as cover
from tb.rig.beats import pack

STAGES = 3


def ends(width: int) -> list[int]:
    """Both ends of a signed range and what is next to them, to 0 and to a digit."""
    top = 1 << width - 1
    return [0, 1, -1, 2, -2, 3, top - 1, top - 2, -top, 1 - top, top // 2, -top // 2]


def operand(width: int) -> int:
    """Any of a random length."""
    top = 1 << random.randint(1, width) - 1
    return random.randrange(-top, top)


class Multipliers:
    """The multipliers of a build, ``n`` side by side."""

    def __init__(self, dut) -> None:
        self.dut = dut
        self.n, self.a_w, self.b_w = (int(getattr(dut, name).value) for name in ("N", "A_W", "B_W"))
        self.addend = int(dut.ADDEND.value)

    async def start(self) -> None:
        """Start the clock."""
        self.dut.en_i.value = self.dut.a_i.value = self.dut.b_i.value = 0
        cocotb.start_soon(Clock(self.dut.clk_i, 10, "ns").start(start_high=False))
        await FallingEdge(self.dut.clk_i)

    def pairs(self) -> list[tuple[int, int]]:
        """A pair of operands for each multiplier."""
        return [(operand(self.a_w), operand(self.b_w)) for _ in range(self.n)]

    def drive(self, pairs: list[tuple[int, int]]) -> None:
        """Give each multiplier its pair."""
        a, b = zip(*pairs, strict=True)
        self.dut.a_i.value = pack(np.array(a), self.a_w)
        self.dut.b_i.value = pack(np.array(b), self.b_w)

    def check(self, pairs: list[tuple[int, int]]) -> None:
        """The outputs are the products of these pairs."""
        width = self.a_w + self.b_w
        for index, (a, b) in enumerate(pairs):
            got = self.dut.p_o.value[(index + 1) * width - 1 : index * width].to_signed()
            assert got == a * b + self.addend, f"number {index}, {a} * {b}: {got} for {a * b + self.addend}"
            cover.sample(a, b, self.a_w, self.b_w)


@cocotb.test()
async def products(dut):
    """One after another: every pair of ends, then random operands of every length."""
    bench = Multipliers(dut)
    await bench.start()
    pairs = list(itertools.product(ends(bench.a_w), ends(bench.b_w)))
    pairs = [pairs[i : i + bench.n] for i in range(0, len(pairs) - bench.n + 1, bench.n)]
    pairs += [bench.pairs() for _ in range(1000)]
    dut.en_i.value = 7
    for clock in range(len(pairs) + STAGES):
        if clock >= STAGES:
            bench.check(pairs[clock - STAGES])
        bench.drive(pairs[min(clock, len(pairs) - 1)])
        await FallingEdge(dut.clk_i)


@cocotb.test()
async def rest(dut):
    """A stage that is not enabled keeps what it has, whatever comes."""
    bench = Multipliers(dut)
    await bench.start()
    for _ in range(50):
        pairs = bench.pairs()
        bench.drive(pairs)
        for stage in range(STAGES):
            dut.en_i.value = 1 << stage
            await FallingEdge(dut.clk_i)
            dut.en_i.value = 0
            bench.drive(bench.pairs())
            for _ in range(random.randrange(3)):
                await FallingEdge(dut.clk_i)
        bench.check(pairs)
