# SPDX-License-Identifier: Apache-2.0
"""Block floating point against the golden model: combinational, N FX values to N mantissas and a shift."""

import cocotb
import numpy as np
from cocotb.triggers import Timer

from models.golden.fixed_point import quantise
from tb.evidence.coverage.points import act_quantiser as cover
from tb.rig.beats import check, extreme_fx, pack, random_fx, unpack


async def hold(dut, x):
    n, w = int(dut.N.value), int(dut.W.value)
    mantissas, shift = quantise(x, w)
    cover.sample(x, w, shift)
    dut.x_i.value = pack(x)
    await Timer(1, "ns")
    assert dut.sh_o.value.to_unsigned() == shift, f"shift {dut.sh_o.value.to_unsigned()} for {shift}, values {x}"
    check(unpack(dut.m_o.value.to_unsigned(), n, w), mantissas, "mantissas")


@cocotb.test()
async def every_length(dut):
    """Random values of every bit length: every shift."""
    for bits in range(1, 33):
        for _ in range(8):
            await hold(dut, random_fx(int(dut.N.value), bits))


@cocotb.test()
async def extremes(dut):
    """Ends of the range, spikes, and the largest values of every length, which round up out of the mantissa."""
    n = int(dut.N.value)
    for x in extreme_fx(n):
        await hold(dut, x)
    for bits in range(1, 32):
        for value in ((1 << bits) - 1, -(1 << bits), (1 << bits) - 2, 1 << (bits - 1)):
            x = np.zeros(n, dtype=np.int64)
            x[bits % n] = value
            await hold(dut, x)
