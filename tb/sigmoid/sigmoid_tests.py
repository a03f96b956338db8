# SPDX-License-Identifier: Apache-2.0
"""sigmoid against the golden model: FX to 16 fraction bits, in six stages."""

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge

from models.golden.sigmoid import sigmoid
from tb.evidence.coverage.points import sigmoid as cover
from tb.rig.beats import random_fx

SEGMENT = 1 << 12  # 1/16 in FX
STAGES = 6


async def start(dut):
    """Start the clock, every stage enabled."""
    dut.en_i.value = (1 << STAGES) - 1
    cocotb.start_soon(Clock(dut.clk_i, 10, "ns").start(start_high=False))
    await FallingEdge(dut.clk_i)


async def check(dut, values):
    """One after another."""
    values = np.array(values, dtype=np.int64)
    expected = sigmoid(values).tolist()
    for clock in range(len(values) + STAGES):
        if clock >= STAGES:
            g, got = int(values[clock - STAGES]), dut.s_o.value.to_unsigned()
            cover.sample(g)
            assert got == expected[clock - STAGES], f"sigmoid({g}): {got} for {expected[clock - STAGES]}"
        dut.g_i.value = int(values[min(clock, len(values) - 1)]) & 0xFFFFFFFF
        await FallingEdge(dut.clk_i)


@cocotb.test()
async def every_entry(dut):
    """All 257 table entries and the corners of all segments, both signs."""
    await start(dut)
    for corner in (0, 1, 2, SEGMENT // 2 - 1, SEGMENT // 2, SEGMENT - 2, SEGMENT - 1):
        points = np.arange(257) * SEGMENT + corner
        await check(dut, points)
        await check(dut, -points)


@cocotb.test()
async def saturation(dut):
    """Beyond +-16 and at both ends of the range."""
    await start(dut)
    edge = 1 << 20
    ends = [0x7FFFFFFF, -0x80000000, -0x7FFFFFFF, 0x40000000, -0x40000000]
    await check(dut, [*range(edge - 3, edge + 3), *range(-edge - 3, -edge + 3), *ends])


@cocotb.test()
async def random_values(dut):
    """Random values of every length."""
    await start(dut)
    for bits in range(2, 33):
        await check(dut, random_fx(60, bits))


@cocotb.test()
async def rest(dut):
    """Stages that are enabled one by one for a value, and keep it meanwhile."""
    await start(dut)
    for g in random_fx(40, 22).tolist():
        for stage in range(STAGES):
            dut.g_i.value = (g if stage == 0 else ~g) & 0xFFFFFFFF
            dut.en_i.value = 1 << stage
            await FallingEdge(dut.clk_i)
        assert dut.s_o.value.to_unsigned() == int(sigmoid(np.array([g]))[0])
