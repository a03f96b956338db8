# SPDX-License-Identifier: Apache-2.0
"""The serial divider: floor(num / den)."""

import random

import cocotb
from cocotb.triggers import RisingEdge

from tb.evidence.coverage.points import divider as cover
from tb.rig.stream import reset


async def quotient(dut, num, den):
    """The quotient, which arrives NUM_W + 1 clocks after start; the operands are gone after it."""
    num_w = int(dut.NUM_W.value)
    cover.sample(num, den, num_w, int(dut.DEN_W.value))
    dut.start_i.value, dut.num_i.value, dut.den_i.value = 1, num, den
    await RisingEdge(dut.clk_i)
    dut.start_i.value, dut.num_i.value, dut.den_i.value = 0, random.getrandbits(num_w), 0
    for clock in range(num_w + 2):
        await RisingEdge(dut.clk_i)
        assert int(dut.done_o.value) == (clock == num_w), f"done is {int(dut.done_o.value)} in clock {clock}"
    return dut.quo_o.value.to_unsigned()


async def check(dut, cases):
    dut.start_i.value, dut.num_i.value, dut.den_i.value = 0, 0, 0
    await reset(dut)
    for num, den in cases:
        got = await quotient(dut, num, den)
        expected = num // den if den else (1 << int(dut.NUM_W.value)) - 1
        assert got == expected, f"{num} / {den}: {got} for {expected}"


@cocotb.test()
async def corners(dut):
    """Ends of both ranges, exact quotients and their neighbours, and a divisor of zero."""
    num_top, den_top = (1 << int(dut.NUM_W.value)) - 1, (1 << int(dut.DEN_W.value)) - 1
    numbers = (0, 1, 3, den_top - 1, num_top - 1, num_top, num_top // 2 + 1)
    divisors = (1, 2, 3, den_top - 1, den_top, 0)
    await check(dut, [(n, d) for n in numbers for d in divisors])


@cocotb.test()
async def random_operands(dut):
    """Random operands of every length."""
    num_w, den_w = int(dut.NUM_W.value), int(dut.DEN_W.value)
    widths = [(random.randint(1, num_w), random.randint(1, den_w)) for _ in range(100)]
    await check(dut, [(random.getrandbits(n), random.getrandbits(d) | 1) for n, d in widths])
