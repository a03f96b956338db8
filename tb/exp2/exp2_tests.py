# SPDX-License-Identifier: Apache-2.0
"""exp2 against the golden model: combinational, 2^-d of unsigned d with 12 fraction bits."""

import random

import cocotb
import numpy as np
from cocotb.triggers import Timer

from models.golden.exp2 import exp2
from tb.evidence.coverage.points import exp2 as cover

OCTAVE = 1 << 12


async def check(dut, values):
    for d, expected in zip(values, exp2(np.array(values, dtype=np.int64)).tolist(), strict=True):
        cover.sample(d, expected)
        dut.d_i.value = d
        await Timer(1, "ns")
        assert dut.e_o.value.to_unsigned() == expected, f"2^-({d}/4096): {dut.e_o.value.to_unsigned()} for {expected}"


@cocotb.test()
async def every_step_of_an_octave(dut):
    """All 4,096 fractions: every table entry and every interpolation."""
    await check(dut, range(OCTAVE))


@cocotb.test()
async def every_octave(dut):
    """Corners of every octave that leaves something, those that leave nothing, and the longest distance."""
    corners = (0, 1, 63, 64, OCTAVE - 64, OCTAVE - 1)
    await check(dut, [octave * OCTAVE + corner for octave in range(40) for corner in corners])
    await check(dut, [(1 << 25) - 1, 1 << 24, (1 << 17) - 1, 1 << 17])


@cocotb.test()
async def random_distances(dut):
    """Random distances of every length."""
    await check(dut, [random.getrandbits(random.randint(1, 25)) for _ in range(1000)])
