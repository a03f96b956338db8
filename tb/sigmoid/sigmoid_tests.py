# SPDX-License-Identifier: Apache-2.0
"""sigmoid against the golden model: combinational, FX to 16 fraction bits."""

import cocotb
import numpy as np
from cocotb.triggers import Timer

from models.golden.sigmoid import sigmoid
from tb.evidence.coverage.points import sigmoid as cover
from tb.rig.beats import random_fx

SEGMENT = 1 << 12  # 1/16 in FX


async def check(dut, values):
    values = np.array(values, dtype=np.int64)
    for g, expected in zip(values.tolist(), sigmoid(values).tolist(), strict=True):
        cover.sample(g)
        dut.g_i.value = g & 0xFFFFFFFF
        await Timer(1, "ns")
        got = dut.s_o.value.to_unsigned()
        assert got == expected, f"sigmoid({g}): {got} for {expected}"


@cocotb.test()
async def every_entry(dut):
    """All 257 table entries and the corners of all segments, both signs."""
    for corner in (0, 1, 2, SEGMENT // 2 - 1, SEGMENT // 2, SEGMENT - 2, SEGMENT - 1):
        points = np.arange(257) * SEGMENT + corner
        await check(dut, points)
        await check(dut, -points)


@cocotb.test()
async def saturation(dut):
    """Beyond +-16 and at both ends of the range."""
    edge = 1 << 20
    ends = [0x7FFFFFFF, -0x80000000, -0x7FFFFFFF, 0x40000000, -0x40000000]
    await check(dut, [*range(edge - 3, edge + 3), *range(-edge - 3, -edge + 3), *ends])


@cocotb.test()
async def random_values(dut):
    """Random values of every length."""
    for bits in range(2, 33):
        await check(dut, random_fx(60, bits))
