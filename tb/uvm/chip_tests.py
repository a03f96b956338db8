# SPDX-License-Identifier: Apache-2.0
"""The whole chip in the UVM environment, its own ports driven at every speed: conversations and resets."""

import pyuvm
from pyuvm import uvm_factory

from tb.oracle.conversation import Conversation
from tb.oracle.scoreboard import Mismatch
from tb.rig.bundles import End
from tb.uvm import sabotage
from tb.uvm.base_test import TokenTest
from tb.uvm.checkers import ClockError, HangError
from tb.uvm.chip_env import ChipEnv
from tb.uvm.config import Stalls
from tb.uvm.scoreboard import TraceMonitor
from tb.uvm.sequences import Interrupted, Talks, random_talks
from tb.uvm.stream_agent import StreamTaker


class ChipTest(TokenTest):
    """A test of hdl/chip.sv."""

    environment = ChipEnv

    def talks(self) -> list[Conversation]:
        """What is said: by default a few random conversations."""
        return random_talks(self.env, 4, 3)

    def begin(self) -> Talks:
        """Ready to say it."""
        self.env.begin(self.talks())
        return Talks(self.env, self.lone)

    async def scenario(self) -> None:
        await self.begin().start()
        await self.env.until_done()


@pyuvm.test()
class Single(ChipTest):
    """One prompt in one slot."""

    lone = True

    def talks(self) -> list[Conversation]:
        return [Conversation(0, [5], 2)]


@pyuvm.test()
class Alone(ChipTest):
    """Conversations one after another: the clocks of the cycle model between answers."""

    lone = True

    def talks(self) -> list[Conversation]:
        return [*super().talks(), Conversation(0, [5, 6], self.env.config.die.kv_depth)]


@pyuvm.test()
class BackToBack(ChipTest):
    """All slots at once, no stream ever idle."""


@pyuvm.test()
class Stalled_some_heavy(ChipTest):
    """The host hesitates, and takes its answers in bursts."""

    stalls = Stalls("some", "heavy")


@pyuvm.test()
class Stalled_heavy_some(ChipTest):
    """The host sends in bursts, and hesitates to take its answers."""

    stalls = Stalls("heavy", "some")


@pyuvm.test()
class Filled(ChipTest):
    """The KV cache filled to its limit: by the prompt, and by the answer; then the slot is used again."""

    def talks(self) -> list[Conversation]:
        depth, slots = self.env.config.die.kv_depth, self.env.config.die.slots
        full = [Conversation(slot, [7] * (depth - slot % 2), 99) for slot in range(slots)]
        return [*full, *(Conversation(slot, [8, 9], 1) for slot in range(slots))]

    async def scenario(self) -> None:
        await super().scenario()
        assert self.env.ends[0] == End.CONTEXT


@pyuvm.test()
class Resets(ChipTest):
    """Resets at random clocks; afterwards every conversation starts at position 0, and nothing of the past is seen."""

    stalls = Stalls("some", "some")

    async def scenario(self) -> None:
        await Interrupted(self.env, self.begin, 4000, 3).start()
        await self.env.until_done()


class Sabotaged(ChipTest):
    """A part of the environment is replaced by one that errs: the checker that it deceives must see it."""

    part: type
    by: type

    def build_phase(self) -> None:
        uvm_factory().set_type_override_by_type(self.part, self.by)
        super().build_phase()

    def talks(self) -> list[Conversation]:
        return [Conversation(0, [5, 6, 7], 2)]


@pyuvm.test(expect_error=Mismatch)
class ValueSeen(Sabotaged):
    """One bit of one value of one stage is wrong."""

    part, by = TraceMonitor, sabotage.WrongValue


@pyuvm.test(expect_error=Mismatch)
class MissingStageSeen(Sabotaged):
    """A whole stage is missing."""

    part, by = TraceMonitor, sabotage.MissingStage


@pyuvm.test(expect_error=HangError)
class HangSeen(Sabotaged):
    """Nobody takes the answers."""

    part, by, patience = StreamTaker, sabotage.Asleep, 3000


@pyuvm.test(expect_error=ClockError)
class ClocksSeen(Sabotaged):
    """Every answer is taken late."""

    part, by, lone = StreamTaker, sabotage.Slow, True
