# SPDX-License-Identifier: Apache-2.0
"""SwiGLU against the golden model: beats of gate and up in turn, one beat out for each pair."""

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles

from models.die.shape import LANES
from models.golden.swiglu import swiglu
from tb.evidence.coverage.ends import WatchedSink, WatchedSource
from tb.evidence.coverage.points import swiglu as cover
from tb.rig.beats import extreme_fx, pack, random_fx, random_tag
from tb.rig.stream import STALLS, reset, watch_busy


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def pairs(dut, stall):
    """Random pairs of every length, then every pair of extremes."""
    source, sink = WatchedSource(dut, stall=stall), WatchedSink(dut, stall=stall)
    await reset(dut)
    cocotb.start_soon(watch_busy(dut))
    extremes = extreme_fx(LANES)
    cases = [(random_fx(LANES, 2 + i % 31), random_fx(LANES)) for i in range(62)]
    cases += [(np.roll(gate, i), up) for i, gate in enumerate(extremes) for up in extremes]
    tags = [random_tag() for _ in cases]
    for tag, (gate, up) in zip(tags, cases, strict=True):
        source.send((tag.pack(), pack(gate)), (tag.pack(), pack(up)))
    sink.paused = True  # until all stages wait
    await ClockCycles(dut.clk_i, 300)
    sink.paused = False
    for tag, (gate, up) in zip(tags, cases, strict=True):
        out = swiglu(gate, up)
        cover.sample(gate, up, out)
        await sink.expect_vector(tag, out)
    await sink.expect_silence()
    assert not int(dut.busy_o.value), "busy without a beat"
