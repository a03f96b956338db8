# SPDX-License-Identifier: Apache-2.0
"""One decoder layer in the UVM environment: every stage of every token, whatever the streams and resets do."""

import itertools

import pyuvm
from pyuvm import uvm_factory

from tb.oracle.scoreboard import Mismatch
from tb.oracle.trace import TraceError
from tb.rig.stream import STALLS
from tb.uvm import sabotage
from tb.uvm.base_test import TokenTest
from tb.uvm.checkers import ClockError, HangError
from tb.uvm.config import Stalls
from tb.uvm.layer_env import LayerEnv
from tb.uvm.scoreboard import TraceMonitor
from tb.uvm.sequences import Interrupted, Vectors, extremes, slots_in_turn
from tb.uvm.stream_agent import ProtocolError, StreamDriver, StreamTaker


class LayerTest(TokenTest):
    """A test of hdl/layer.sv."""

    environment = LayerEnv

    async def play(self, tokens, lone: bool = False) -> None:
        """Vectors in, and all of them out."""
        await Vectors(self.env, tokens, lone).start()
        await self.env.until_done()


@pyuvm.test()
class LayerAlone(LayerTest):
    """One token after another, each alone: the clocks of the cycle model at every position."""

    lone = True

    async def scenario(self) -> None:
        tokens = slots_in_turn(self.env, range(self.env.config.die.kv_depth))
        await self.play(tokens[:: self.env.config.die.slots], lone=True)


class Stalled(LayerTest):
    """Slots in turn, back to back, the streams at one pair of speeds."""

    async def scenario(self) -> None:
        await self.play(slots_in_turn(self.env, range(2)))


for _into, _out in itertools.product(STALLS, repeat=2):
    _fields = {"stalls": Stalls(_into, _out), "__doc__": Stalled.__doc__}
    pyuvm.test()(type(f"Stalled_{_into}_{_out}", (Stalled,), _fields))


@pyuvm.test()
class LayerFilled(LayerTest):
    """Every slot filled to its last position, then begun anew: what was there before is not seen."""

    async def scenario(self) -> None:
        await self.play(slots_in_turn(self.env, range(self.env.config.die.kv_depth)))
        await self.play(slots_in_turn(self.env, range(2)))


@pyuvm.test()
class Extremes(LayerTest):
    """Zeros, both ends of the range, alternating signs, a single spike."""

    async def scenario(self) -> None:
        await self.play(extremes(self.env))


@pyuvm.test()
class LayerResets(LayerTest):
    """Resets at random clocks; afterwards positions start again, and nothing of the past is seen."""

    stalls = Stalls("some", "some")

    async def scenario(self) -> None:
        await Interrupted(self.env, lambda: Vectors(self.env, slots_in_turn(self.env, range(2))), 2500, 4).start()
        await self.env.until_done()


class LayerSabotaged(LayerTest):
    """A part of the environment is replaced by one that errs: the checker that it deceives must see it."""

    part: type
    by: type

    def build_phase(self) -> None:
        uvm_factory().set_type_override_by_type(self.part, self.by)
        super().build_phase()

    async def scenario(self) -> None:
        await self.play(slots_in_turn(self.env, range(1)), lone=self.lone)


@pyuvm.test(expect_error=Mismatch)
class LayerValueSeen(LayerSabotaged):
    """One bit of one value of one stage is wrong."""

    part, by = TraceMonitor, sabotage.WrongValue


@pyuvm.test(expect_error=TraceError)
class LayerMissingBeatSeen(LayerSabotaged):
    """One beat of one stage is missing."""

    part, by = TraceMonitor, sabotage.MissingBeat


@pyuvm.test(expect_error=Mismatch)
class LayerMissingStageSeen(LayerSabotaged):
    """A whole stage is missing."""

    part, by = TraceMonitor, sabotage.MissingStage


@pyuvm.test(expect_error=ProtocolError)
class LayerProtocolSeen(LayerSabotaged):
    """A beat is withdrawn before it is accepted."""

    part, by = StreamDriver, sabotage.Fickle


@pyuvm.test(expect_error=HangError)
class LayerHangSeen(LayerSabotaged):
    """Nobody takes the results."""

    part, by, patience = StreamTaker, sabotage.Asleep, 2000


@pyuvm.test(expect_error=ClockError)
class LayerClocksSeen(LayerSabotaged):
    """Every result is taken late."""

    part, by, lone = StreamTaker, sabotage.Slow, True
