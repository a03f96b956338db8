# SPDX-License-Identifier: Apache-2.0
"""The softmax's reciprocals from the serial divider, against the golden model."""

import random

import cocotb
import numpy as np

from models.golden.divider import divider
from tb.divider.divider_tests import quotient, reset


@cocotb.test()
async def reciprocals(dut):
    """2^44 over sums as the softmax has them."""
    dut.start_i.value, dut.num_i.value, dut.den_i.value = 0, 0, 0
    await reset(dut)
    for total in [1 << 20, (1 << 20) + 1, (1 << 30) - 1, *(random.randrange(1 << 20, 1 << 30) for _ in range(40))]:
        assert await quotient(dut, 1 << 44, total) == divider(np.int64(total)), f"2^44 / {total}"
