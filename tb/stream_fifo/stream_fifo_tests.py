# SPDX-License-Identifier: Apache-2.0
"""The FIFO: every beat once and in order, as many as it is deep."""

import random

import cocotb
from cocotb.triggers import ClockCycles, RisingEdge

from tb.evidence.coverage.ends import WatchedSink, WatchedSource
from tb.evidence.coverage.points import stream_fifo as cover
from tb.rig.stream import STALLS, reset


@cocotb.test()
@cocotb.parametrize(into=STALLS, out=STALLS)
async def order(dut, into, out):
    """Random beats at every pair of speeds: mostly empty, mostly full, wrapping round."""
    source, sink = WatchedSource(dut, ("data",), stall=into), WatchedSink(dut, ("data",), stall=out)
    await reset(dut)
    fills = set()

    async def watch():
        while True:
            await RisingEdge(dut.clk_i)
            fills.add(int(dut.fill_q.value))

    cocotb.start_soon(watch())
    beats = [(random.getrandbits(int(dut.WIDTH.value)),) for _ in range(60)]
    source.send(*beats)
    assert await sink.receive(len(beats)) == beats
    await sink.expect_silence()
    cover.sample(int(dut.DEPTH.value), into, out, fills)


@cocotb.test()
async def capacity(dut):
    """It takes exactly DEPTH beats when none is taken from it, and gives those."""
    dut.ready_i.value = 0
    source = WatchedSource(dut, ("data",))
    await reset(dut)
    depth = int(dut.DEPTH.value)
    beats = [(random.getrandbits(int(dut.WIDTH.value)),) for _ in range(depth + 3)]
    source.send(*beats)
    await ClockCycles(dut.clk_i, depth + 20)
    assert source.accepted == depth, f"{source.accepted} beats in {depth} places"
    assert not int(dut.ready_o.value)
    dut.ready_i.value = 1
    for beat in beats:
        await RisingEdge(dut.clk_i)
        while not int(dut.valid_o.value):
            await RisingEdge(dut.clk_i)
        assert int(dut.data_o.value) == beat[0]
