# SPDX-License-Identifier: Apache-2.0
"""The serial divider: floor(num * 2^QUO_W / den) of a numerator below the denominator."""

import random

import cocotb
from cocotb.triggers import RisingEdge

from tb.evidence.coverage.points import divider as cover
from tb.rig.stream import reset


async def quotient(dut, num, den):
    """The quotient, which arrives QUO_W + 1 clocks after start; the operands are gone after it."""
    quo_w, den_w = int(dut.QUO_W.value), int(dut.DEN_W.value)
    cover.sample(num, den, quo_w, den_w)
    dut.start_i.value, dut.num_i.value, dut.den_i.value = 1, num, den
    await RisingEdge(dut.clk_i)
    dut.start_i.value, dut.num_i.value, dut.den_i.value = 0, random.getrandbits(den_w), 0
    for clock in range(quo_w + 2):
        await RisingEdge(dut.clk_i)
        assert int(dut.done_o.value) == (clock == quo_w), f"done is {int(dut.done_o.value)} in clock {clock}"
    return dut.quo_o.value.to_unsigned()


async def check(dut, cases):
    dut.start_i.value, dut.num_i.value, dut.den_i.value = 0, 0, 0
    await reset(dut)
    for num, den in cases:
        got, expected = await quotient(dut, num, den), (num << int(dut.QUO_W.value)) // den
        assert got == expected, f"{num} / {den}: {got} for {expected}"


@cocotb.test()
async def corners(dut):
    """Ends of both ranges, exact quotients and their neighbours."""
    top = (1 << int(dut.DEN_W.value)) - 1
    divisors = (1, 2, 3, top // 2, top // 2 + 1, top - 1, top)
    await check(dut, [(n, d) for d in divisors for n in sorted({0, 1, d // 3, d // 2, d - 2, d - 1}) if 0 <= n < d])


@cocotb.test()
async def idle(dut):
    """After a reset no result comes that nobody asked for."""
    await check(dut, [])
    for _ in range(4 * int(dut.QUO_W.value)):
        await RisingEdge(dut.clk_i)
        assert not int(dut.done_o.value)


@cocotb.test()
async def random_operands(dut):
    """Random operands of every length."""
    den_w = int(dut.DEN_W.value)
    divisors = [random.getrandbits(random.randint(1, den_w)) | 1 for _ in range(100)]
    await check(dut, [(random.randrange(min(d, 1 << random.randint(1, den_w))), d) for d in divisors])
