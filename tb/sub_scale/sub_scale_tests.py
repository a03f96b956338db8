# SPDX-License-Identifier: Apache-2.0
"""A span's sums times its integers' magnitudes: exact products two clocks later, of all integers and ends of sums."""

import itertools
import random
from collections import deque

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge

from models.die.cycles import INTEGERS
from tb.evidence.coverage.points import sub_scale as cover


@cocotb.test()
async def products(dut):
    """Every s with some n and every n with some s, each with the ends of the sums and with random ones."""
    cocotb.start_soon(Clock(dut.clk_i, 10, "ns").start())
    draw, widths = random.Random(cocotb.RANDOM_SEED), (len(dut.sum_i), len(dut.xsum_i))
    ends = [(-(1 << width - 1), -1, 0, 1, (1 << width - 1) - 1) for width in widths]
    pairs, waiting = list(itertools.product(*ends)), deque()
    for integer in range(-128, 128):
        for s, n in ((integer, draw.randrange(-128, 128)), (draw.randrange(-128, 128), integer)):
            some = [tuple(draw.randrange(-(1 << w - 1), 1 << w - 1) for w in widths) for _ in range(2)]
            for total, xsum in [*some, *(pairs if integer in (-128, -1, 0, 1, 127) else draw.sample(pairs, 2))]:
                await FallingEdge(dut.clk_i)
                dut.integers_i.value = (n & 255) << 8 | s & 255
                dut.sum_i.value, dut.xsum_i.value = total, xsum
                waiting.append((s, n, total, xsum))
                if len(waiting) > INTEGERS:
                    check(dut, *waiting.popleft())
    for last in waiting:
        await FallingEdge(dut.clk_i)
        check(dut, *last)


def check(dut, s, n, total, xsum):
    """The products of one span."""
    cover.sample(s, n, total, xsum)
    found = dut.sum_o.value.to_signed(), dut.xsum_o.value.to_signed()
    assert found == (abs(s) * total, abs(n) * xsum), f"|{s}| * {total} and |{n}| * {xsum} gave {found}"
