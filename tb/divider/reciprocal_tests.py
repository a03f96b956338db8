# SPDX-License-Identifier: Apache-2.0
"""The softmax's reciprocals from the serial divider, against the golden model."""

import random

import cocotb
import numpy as np

from models.golden.divider import divider
from tb.divider.divider_tests import quotient, reset


@cocotb.test()
async def reciprocals(dut):
    """2^35 over sums as the softmax has them."""
    dut.start_i.value, dut.num_i.value, dut.den_i.value = 0, 0, 0
    await reset(dut)
    half = 1 << 19
    for total in [
        half + 1,
        half + 2,
        2 * half - 1,
        2 * half,
        *(random.randrange(half + 1, 2 * half) for _ in range(40)),
    ]:
        assert await quotient(dut, half, total) == divider(np.int64(total)), f"2^35 / {total}"
