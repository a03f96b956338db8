# SPDX-License-Identifier: Apache-2.0
"""Products in stages: exact, of whatever signs, for the operands that each stage was enabled for."""

import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge

from tb.evidence.coverage.points import multiplier as cover

STAGES = 3


def ends(width: int) -> list[int]:
    """Both ends of a signed range and what is next to them, to 0 and to a digit."""
    top = 1 << width - 1
    return [0, 1, -1, 2, -2, 3, top - 1, top - 2, -top, 1 - top, top // 2, -top // 2]


def operand(width: int) -> int:
    """Any of a random length."""
    top = 1 << random.randint(1, width) - 1
    return random.randrange(-top, top)


async def start(dut) -> tuple[int, int, int]:
    """Start the clock; gives the widths and what is added."""
    dut.en_i.value = dut.a_i.value = dut.b_i.value = 0
    cocotb.start_soon(Clock(dut.clk_i, 10, "ns").start(start_high=False))
    await FallingEdge(dut.clk_i)
    return int(dut.A_W.value), int(dut.B_W.value), int(dut.ADDEND.value)


@cocotb.test()
async def products(dut):
    """One after another: every pair of ends, then random operands of every length."""
    a_w, b_w, addend = await start(dut)
    pairs = [(a, b) for a in ends(a_w) for b in ends(b_w)] + [(operand(a_w), operand(b_w)) for _ in range(1000)]
    dut.en_i.value = 7
    for clock in range(len(pairs) + STAGES):
        if clock >= STAGES:
            a, b = pairs[clock - STAGES]
            got = dut.p_o.value.to_signed()
            assert got == a * b + addend, f"{a} * {b}: {got} for {a * b + addend}"
            cover.sample(a, b, a_w, b_w)
        dut.a_i.value, dut.b_i.value = pairs[min(clock, len(pairs) - 1)]
        await FallingEdge(dut.clk_i)


@cocotb.test()
async def rest(dut):
    """A stage that is not enabled keeps what it has, whatever comes."""
    a_w, b_w, addend = await start(dut)
    for _ in range(50):
        a, b = operand(a_w), operand(b_w)
        dut.a_i.value, dut.b_i.value = a, b
        for stage in range(STAGES):
            dut.en_i.value = 1 << stage
            await FallingEdge(dut.clk_i)
            dut.en_i.value = 0
            dut.a_i.value, dut.b_i.value = operand(a_w), operand(b_w)
            for _ in range(random.randrange(3)):
                await FallingEdge(dut.clk_i)
        assert dut.p_o.value.to_signed() == a * b + addend
