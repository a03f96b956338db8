# SPDX-License-Identifier: Apache-2.0
"""The fork: every beat into both branches, once, in the same clock."""

import random

import cocotb
from cocotb.triggers import RisingEdge

from tb.evidence.coverage.ends import WatchedSink, WatchedSource
from tb.evidence.coverage.points import stream_fork as cover
from tb.rig.stream import STALLS, reset


@cocotb.test()
@cocotb.parametrize(into=STALLS, a=STALLS, b=STALLS)
async def both(dut, into, a, b):
    """Random beats at every three speeds: both branches get all of them, in order, and neither gets ahead."""
    source = WatchedSource(dut, ("data",), stall=into)
    sinks = [WatchedSink(dut, ("data",), prefix=f"{side}_", stall=stall) for side, stall in (("a", a), ("b", b))]
    await reset(dut)

    async def watch():
        while True:
            await RisingEdge(dut.clk_i)
            valid, room_a, room_b = (int(s.value) for s in (dut.valid_i, dut.a_ready, dut.b_ready))
            cover.sample_handshake(valid, room_a, room_b)
            moves = valid and room_a and room_b
            assert (valid and int(dut.ready_o.value)) == moves
            assert (room_a and int(dut.a_valid.value)) == moves, "branch a does not take what the source gives"
            assert (room_b and int(dut.b_valid.value)) == moves, "branch b does not take what the source gives"

    watching = cocotb.start_soon(watch())
    beats = [(random.getrandbits(int(dut.WIDTH.value)),) for _ in range(40)]
    source.send(*beats)
    for sink in sinks:
        assert await sink.receive(len(beats)) == beats
        await sink.expect_silence()
    watching.cancel()
    cover.sample(into, a, b)
