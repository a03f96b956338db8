# SPDX-License-Identifier: Apache-2.0
"""Rotary embedding against the golden model: q and k heads turn by their position, v passes."""

import os

import cocotb
import numpy as np

from models.die.shape import LANES
from models.golden.rope import rope, table
from tb.evidence.coverage.ends import WatchedSink, WatchedSource
from tb.evidence.coverage.points import rope as cover
from tb.rig.beats import extreme_fx, random_fx
from tb.rig.bundles import Tag
from tb.rig.stream import STALLS, reset, watch_busy
from tb.rope.rope_shape import CASES


async def hold(dut, cases, stall):
    """Turn (position, vector) pairs and hold them against the golden model."""
    shape, depth, turn_beats, _ = CASES[os.environ["CASE"]]
    cos, sin = table(shape, depth)
    source, sink = WatchedSource(dut, stall=stall), WatchedSink(dut, stall=stall)
    await reset(dut)
    cocotb.start_soon(watch_busy(dut))
    for i, (pos, x) in enumerate(cases):
        source.send_vector(Tag(gen=i % 2, slot=i % 256, pos=pos), x)
    for i, (pos, x) in enumerate(cases):
        heads = x[: turn_beats * LANES].reshape(1, -1, shape.head_dim)
        turned, passed = rope(heads, cos[pos : pos + 1], sin[pos : pos + 1]).ravel(), x[turn_beats * LANES :]
        cover.sample(os.environ["CASE"], pos, depth, heads, (cos[pos], sin[pos]), turned, passed)
        await sink.expect_vector(Tag(gen=i % 2, slot=i % 256, pos=pos), np.concatenate([turned, passed]))
    await sink.expect_silence()
    assert not int(dut.busy_o.value), "busy without a beat"


def width():
    return CASES[os.environ["CASE"]][3] * LANES


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def positions(dut, stall):
    """The first two, a middle and the last position, in no order, on random values."""
    depth = CASES[os.environ["CASE"]][1]
    chosen = [0, 1, depth - 1, depth // 2, 2, depth - 2, 0]
    await hold(dut, [(pos, random_fx(width(), bits)) for pos in chosen for bits in (32, 18)], stall)


@cocotb.test()
async def extremes(dut):
    """Every position on values at both ends of the range, sums that leave it, and along the axes."""
    depth = CASES[os.environ["CASE"]][1]
    low, high = -(1 << 31), (1 << 31) - 1
    vectors = [*extreme_fx(width()), np.tile([high, 0, 0, high, low, 0, 0, low], width() // 8)]
    await hold(dut, [(i % depth, vectors[i % len(vectors)]) for i in range(depth + len(vectors))], "none")
