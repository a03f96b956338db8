# SPDX-License-Identifier: Apache-2.0
"""exp2 against the golden model: 2^-d of unsigned d with 12 fraction bits, in stages."""

import random

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge

from models.golden.exp2 import exp2
from tb.evidence.coverage.points import exp2 as cover

OCTAVE = 1 << 12
STAGES = 4


async def start(dut):
    dut.en_i.value = dut.d_i.value = 0
    cocotb.start_soon(Clock(dut.clk_i, 10, "ns").start(start_high=False))
    await FallingEdge(dut.clk_i)


async def check(dut, values):
    """One distance after another, a stage a clock."""
    values = list(values)
    results = exp2(np.array(values, dtype=np.int64)).tolist()
    await start(dut)
    dut.en_i.value = (1 << STAGES) - 1
    for clock in range(len(values) + STAGES):
        if clock >= STAGES:
            d, expected = values[clock - STAGES], results[clock - STAGES]
            cover.sample(d, expected)
            got = dut.e_o.value.to_unsigned()
            assert got == expected, f"2^-({d}/4096): {got} for {expected}"
        dut.d_i.value = values[min(clock, len(values) - 1)]
        await FallingEdge(dut.clk_i)


@cocotb.test()
async def every_step_of_an_octave(dut):
    """All 4,096 fractions: every table entry and every interpolation."""
    await check(dut, range(OCTAVE))


@cocotb.test()
async def every_octave(dut):
    """Corners of every octave that leaves something, those that leave nothing, and the longest distance."""
    corners = (0, 1, 63, 64, OCTAVE - 64, OCTAVE - 1)
    distances = [octave * OCTAVE + corner for octave in range(40) for corner in corners]
    await check(dut, [*distances, (1 << 25) - 1, 1 << 24, (1 << 17) - 1, 1 << 17])


@cocotb.test()
async def random_distances(dut):
    """Random distances of every length."""
    await check(dut, [random.getrandbits(random.randint(1, 25)) for _ in range(1000)])


@cocotb.test()
async def waiting(dut):
    """A stage that is not enabled keeps what it has, whatever comes."""
    await start(dut)
    for d in (0, 4097, 12345):
        for stage in range(STAGES):
            dut.en_i.value, dut.d_i.value = 1 << stage, d if stage == 0 else random.getrandbits(25)
            await FallingEdge(dut.clk_i)
            dut.en_i.value = 0
            await ClockCycles(dut.clk_i, random.randrange(3))
            await FallingEdge(dut.clk_i)
        assert dut.e_o.value.to_unsigned() == int(exp2(np.int64(d)))
