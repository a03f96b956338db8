# SPDX-License-Identifier: Apache-2.0
"""The stages of a unit: every beat once and in order, a stage enabled for each beat once, gaps that close."""

import random

import cocotb
from cocotb.triggers import ClockCycles, RisingEdge

from tb.evidence.coverage.ends import WatchedSink, WatchedSource
from tb.evidence.coverage.points import stream_pipe as cover
from tb.rig.stream import STALLS, reset, watch_busy


@cocotb.test()
@cocotb.parametrize(into=STALLS, out=STALLS)
async def order(dut, into, out):
    """Random beats at every pair of speeds; each stage takes as many as there are."""
    source, sink = WatchedSource(dut, ("data",), stall=into), WatchedSink(dut, ("data",), stall=out)
    await reset(dut)
    stages = int(dut.STAGES.value)
    fills, taken = set(), [0] * stages

    async def watch():
        while True:
            await RisingEdge(dut.clk_i)
            fills.add(int(dut.full_q.value).bit_count())
            enabled = int(dut.en_o.value)
            for stage in range(stages):
                taken[stage] += enabled >> stage & 1

    cocotb.start_soon(watch())
    cocotb.start_soon(watch_busy(dut))
    beats = [(random.getrandbits(int(dut.WIDTH.value)),) for _ in range(60)]
    source.send(*beats)
    assert await sink.receive(len(beats)) == beats
    await sink.expect_silence()
    assert not int(dut.busy_o.value), "busy without a beat"
    assert taken == [len(beats)] * stages, f"the stages took {taken} of {len(beats)} beats"
    cover.sample(stages, into, out, fills)


@cocotb.test()
async def clocks(dut):
    """A beat takes a clock a stage, and beats follow each other without a gap."""
    source, sink = WatchedSource(dut, ("data",)), WatchedSink(dut, ("data",))
    await reset(dut)
    source.send(*[(0,)] * 20)
    await sink.receive(1)
    first = sink.accepted_at
    assert first - (source.accepted_at - source.accepted + 1) == int(dut.STAGES.value)
    await sink.receive(19)
    assert sink.accepted_at - first == 19


@cocotb.test()
async def capacity(dut):
    """While nothing leaves it takes a beat for each stage and no more, whatever gaps were between them."""
    source, sink = WatchedSource(dut, ("data",), stall="some"), WatchedSink(dut, ("data",))
    sink.paused = True
    await reset(dut)
    beats = [(random.getrandbits(int(dut.WIDTH.value)),) for _ in range(int(dut.STAGES.value) + 3)]
    source.send(*beats)
    await ClockCycles(dut.clk_i, 100)
    assert source.accepted == int(dut.STAGES.value)
    sink.paused = False
    assert await sink.receive(len(beats)) == beats
