# SPDX-License-Identifier: Apache-2.0
"""Block floating point against the golden model: N FX values to N mantissas and a shift, through two stages."""

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge

from models.golden.fixed_point import quantise
from tb.evidence.coverage.points import act_quantiser as cover
from tb.rig.beats import check, extreme_fx, pack, random_fx, unpack


async def start(dut):
    """The clock; no stage is enabled."""
    dut.en_i.value = 0
    cocotb.start_soon(Clock(dut.clk_i, 10, "ns").start(start_high=False))
    await FallingEdge(dut.clk_i)


async def hold(dut, x):
    """Values through the stages, each enabled once; beside a stage that rests its input changes."""
    n, w = int(dut.N.value), int(dut.W.value)
    mantissas, shift = quantise(x, w)
    cover.sample(x, w, shift)
    dut.x_i.value = pack(x)
    for enabled in (1, 2, 0):
        dut.en_i.value = enabled
        await FallingEdge(dut.clk_i)
        dut.x_i.value = pack(random_fx(n))
    assert dut.sh_o.value.to_unsigned() == shift, f"shift {dut.sh_o.value.to_unsigned()} for {shift}, values {x}"
    check(unpack(dut.m_o.value.to_unsigned(), n, w), mantissas, "mantissas")


@cocotb.test()
async def every_length(dut):
    """Random values of every bit length: every shift."""
    await start(dut)
    for bits in range(1, 33):
        for _ in range(8):
            await hold(dut, random_fx(int(dut.N.value), bits))


@cocotb.test()
async def extremes(dut):
    """Ends of the range, spikes, and the largest values of every length, which round up out of the mantissa."""
    await start(dut)
    n = int(dut.N.value)
    for x in extreme_fx(n):
        await hold(dut, x)
    for bits in range(1, 32):
        for value in ((1 << bits) - 1, -(1 << bits), (1 << bits) - 2, 1 << (bits - 1)):
            x = np.zeros(n, dtype=np.int64)
            x[bits % n] = value
            await hold(dut, x)


@cocotb.test()
async def one_after_another(dut):
    """Values in every clock: each leaves two clocks behind its own."""
    await start(dut)
    n, w = int(dut.N.value), int(dut.W.value)
    rows = [random_fx(n) for _ in range(20)]
    dut.en_i.value = 3
    for clock in range(len(rows) + 2):
        if clock >= 2:
            mantissas, shift = quantise(rows[clock - 2], w)
            assert dut.sh_o.value.to_unsigned() == shift
            check(unpack(dut.m_o.value.to_unsigned(), n, w), mantissas, "mantissas")
        dut.x_i.value = pack(rows[min(clock, len(rows) - 1)])
        await FallingEdge(dut.clk_i)
