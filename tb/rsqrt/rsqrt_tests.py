# SPDX-License-Identifier: Apache-2.0
"""Reciprocal square root against the golden model: start with u, done with root and exponent."""

import random

import cocotb
from cocotb.triggers import RisingEdge

from models.golden.rsqrt import rsqrt
from tb.evidence.coverage.points import rsqrt as cover
from tb.rig.stream import reset

CLOCKS = 1 + 37 + 2 + 19 + 2  # shift, division and its end, root, and the registers in front and behind


async def root(dut, u):
    """(r, k) of u; the operand is gone after the clock of start."""
    dut.start_i.value, dut.u_i.value = 1, u
    await RisingEdge(dut.clk_i)
    dut.start_i.value, dut.u_i.value = 0, random.getrandbits(48)
    for _ in range(CLOCKS):
        await RisingEdge(dut.clk_i)
        if int(dut.done_o.value):
            break
    assert int(dut.done_o.value), f"no result after {CLOCKS} clocks"
    await RisingEdge(dut.clk_i)
    assert not int(dut.done_o.value), "done takes more than a clock"
    return int(dut.r_o.value), int(dut.k_o.value)


async def check(dut, values):
    dut.start_i.value, dut.u_i.value = 0, 0
    await reset(dut)
    for u in values:
        cover.sample(u, *rsqrt(u))
        got = await root(dut, u)
        assert got == rsqrt(u), f"rsqrt({u}): {got} for {rsqrt(u)}"


@cocotb.test()
async def every_length(dut):
    """The ends of every bit length: every exponent, the largest and the smallest roots."""
    await check(dut, [u for bits in range(48) for u in {1 << bits, (1 << bits + 1) - 1}])


@cocotb.test()
async def idle(dut):
    """After a reset no result comes that nobody asked for."""
    await check(dut, [])
    for _ in range(4 * CLOCKS):
        await RisingEdge(dut.clk_i)
        assert not int(dut.done_o.value)


@cocotb.test()
async def random_operands(dut):
    """Random operands of every length."""
    await check(dut, [random.getrandbits(random.randint(1, 47)) | 1 for _ in range(150)])
