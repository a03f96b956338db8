# SPDX-License-Identifier: Apache-2.0
"""All sixteen lines: line k carries k*x, two's complement, least significant bit first, the sign inverted."""

import random

import cocotb
from cocotb.triggers import RisingEdge

from tb.evidence.coverage.points import product_lines as cover
from tb.rig.stream import reset

W_BITS = 4


async def products(dut, x):
    """Load x and collect the lines' bits: one integer of ACT_W + W_BITS bits a line."""
    width = int(dut.ACT_W.value) + W_BITS
    dut.load_i.value = 1
    dut.x_i.value = x & (1 << int(dut.ACT_W.value)) - 1
    await RisingEdge(dut.clk_i)
    dut.load_i.value = 0
    dut.x_i.value = random.getrandbits(int(dut.ACT_W.value))  # only counts with load
    got = [0] * (1 << W_BITS)
    for bit in range(width):
        dut.last_i.value = int(bit == width - 1)
        await RisingEdge(dut.clk_i)
        line = dut.line_o.value.to_unsigned()
        for k in range(1 << W_BITS):
            got[k] |= (line >> k & 1) << bit
    return got


async def hold(dut, x):
    cover.sample(x, int(dut.ACT_W.value))
    half = 1 << int(dut.ACT_W.value) + W_BITS - 1
    for k, got in enumerate(await products(dut, x)):
        assert got == k * x + half, f"line {k} of x = {x}: {got:#x} for {k * x + half:#x}"


async def start(dut):
    dut.load_i.value = dut.last_i.value = 0
    dut.x_i.value = 0
    await reset(dut)


@cocotb.test()
async def extremes(dut):
    """Both ends of the range, zero, and every lone bit of either sign."""
    await start(dut)
    high = 1 << (int(dut.ACT_W.value) - 1)
    for x in (0, 1, -1, high - 1, -high, *(s << i for i in range(int(dut.ACT_W.value) - 1) for s in (1, -1))):
        await hold(dut, x)


@cocotb.test()
async def random_values(dut):
    """Random values one after the other: nothing is left of the one before."""
    await start(dut)
    high = 1 << (int(dut.ACT_W.value) - 1)
    for _ in range(150):
        await hold(dut, random.randrange(-high, high))
