# SPDX-License-Identifier: Apache-2.0
"""The arbiter: every beat of both streams once and in order, an offer stays, and who goes first."""

import random

import cocotb
from cocotb.triggers import ClockCycles, RisingEdge

from tb.evidence.coverage.ends import WatchedSink, WatchedSource
from tb.evidence.coverage.points import stream_arb as cover
from tb.rig.stream import STALLS, reset

SIDES = "ab"


class ArbiterModel:
    """The rule, clock by clock: what waits stays; else a goes first, or, with turns, the side that did not just go."""

    def __init__(self, dut) -> None:
        self.dut, self.turns = dut, bool(int(dut.TURNS.value))
        self.order = ""  # the sides of the beats that moved
        self._task = cocotb.start_soon(self._run())

    def stop(self) -> None:
        """Look no more."""
        self._task.cancel()

    async def _run(self) -> None:
        dut, waits, last = self.dut, "", ""
        while True:
            await RisingEdge(dut.clk_i)
            offered = "".join(side for side in SIDES if int(getattr(dut, f"{side}_valid_i").value))
            assert int(dut.valid_o.value) == bool(offered), f"{offered or 'nobody'} offers a beat"
            if not offered:
                assert not waits
                continue
            first = "b" if self.turns and last == "a" else "a"
            side = waits or (first if first in offered else offered)
            assert int(dut.from_a_o.value) == (side == "a"), f"not {side} of {offered} after {last or 'nothing'}"
            assert int(dut.data_o.value) == int(getattr(dut, f"{side}_data_i").value)
            ready = int(dut.ready_i.value)
            taken = [one for one in offered if int(getattr(dut, f"{one}_ready_o").value)]
            assert taken == [side] * ready, f"{taken} are taken for {side}"
            cover.sample_choice(self.turns, offered, side, waits, bool(ready))
            waits = "" if ready else side
            if ready:
                last, self.order = side, self.order + side


@cocotb.test()
@cocotb.parametrize(a=STALLS, b=STALLS, out=STALLS)
async def order(dut, a, b, out):
    """Random beats at every three speeds: all come, each side's in order, chosen by the rule."""
    sources = [
        WatchedSource(dut, ("data",), prefix=f"{side}_", stall=stall) for side, stall in zip(SIDES, (a, b), strict=True)
    ]
    sink = WatchedSink(dut, ("data",), stall=out)
    await reset(dut)
    choice, top = ArbiterModel(dut), int(dut.WIDTH.value) - 1
    sent = [[(side << top | random.getrandbits(top),) for _ in range(30)] for side in range(2)]
    for source, beats in zip(sources, sent, strict=True):
        source.send(*beats)
    got = await sink.receive(60)
    await sink.expect_silence()
    choice.stop()
    for side, beats in enumerate(sent):
        assert [beat for beat in got if beat[0] >> top == side] == beats
    cover.sample(choice.turns, a, b, out)


@cocotb.test()
async def who_goes_first(dut):
    """Both offer all the time: a alone while it has beats, or one of each in turn."""
    sources = [WatchedSource(dut, ("data",), prefix=f"{side}_") for side in SIDES]
    sink = WatchedSink(dut, ("data",))
    await reset(dut)
    choice = ArbiterModel(dut)
    for source in sources:
        source.send(*[(n,) for n in range(10)])
    await sink.receive(20)
    choice.stop()
    assert choice.order == ("ab" * 10 if choice.turns else "a" * 10 + "b" * 10)


@cocotb.test()
async def an_offer_stays(dut):
    """A beat of either side waits while the other side comes: it stays, and goes first."""
    sources = {side: WatchedSource(dut, ("data",), prefix=f"{side}_") for side in SIDES}
    sink = WatchedSink(dut, ("data",))
    sink.paused = True
    await reset(dut)
    choice = ArbiterModel(dut)
    for first, second in (*("ab", "ba", "ab"), *("ba",) * 2):
        sink.paused = True
        await ClockCycles(dut.clk_i, 3)
        for side in (first, second):
            sources[side].send((random.getrandbits(4),))
            await ClockCycles(dut.clk_i, 4)
        sink.paused = False
        await sink.receive(2)
        assert choice.order[-2:] == first + second
    choice.stop()
