# SPDX-License-Identifier: Apache-2.0
"""Sequences: beats for one stream, and the virtual sequences that play whole scenarios on an environment."""

import random
from collections.abc import Callable, Iterable

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles, RisingEdge
from pyuvm import uvm_sequence

from tb.oracle.conversation import Conversation
from tb.rig.beats import extreme_fx, random_fx
from tb.rig.bundles import Tag
from tb.uvm.chip_env import ChipEnv
from tb.uvm.layer_env import LayerEnv
from tb.uvm.reset_agent import SHORTEST
from tb.uvm.stream_agent import Beats


class Send(uvm_sequence):
    """Beats, one after another."""

    def __init__(self, name: str, beats: list[tuple[int, ...]]) -> None:
        super().__init__(name)
        self.beats = beats

    async def body(self) -> None:
        item = Beats(self.get_name(), self.beats)
        await self.start_item(item)
        await self.finish_item(item)


class Vectors(uvm_sequence):
    """Vectors into the layer: all at once, or each when the one before has left (``lone``)."""

    def __init__(self, env: LayerEnv, tokens: Iterable[tuple[Tag, np.ndarray]], lone: bool = False) -> None:
        super().__init__("vectors")
        self.env, self.tokens, self.lone = env, list(tokens), lone

    async def body(self) -> None:
        for tag, x in self.tokens:
            self.env.sent += 1
            await Send(str(tag), self.env.vector(tag, x)).start(self.env.agents["vectors"].sequencer)
            if self.lone:
                await self.env.until_done()


class Talks(uvm_sequence):
    """Conversations: each alone on the chip, or each as soon as its slot is free."""

    def __init__(self, env: ChipEnv, lone: bool = False) -> None:
        super().__init__("talks")
        self.env, self.lone = env, lone

    async def body(self) -> None:
        for index, talk in enumerate(self.env.talks):
            while talk.slot in self.env.active_talks:
                await RisingEdge(self.env.dut.clk_i)
            if any(before.slot == talk.slot for before in self.env.talks[:index]):
                # What a slot said before must be compared before it says the same positions again.
                await ClockCycles(self.env.dut.clk_i, 2)
                self.env.scoreboard.check()
            await Send(f"talk {index}", self.env.prompt(index)).start(self.env.agents["prompts"].sequencer)
            if self.lone:
                await self.env.until_done()


class Interrupted(uvm_sequence):
    """A scenario that a reset cuts short at a random clock, ``times`` times, then once as a whole.

    ``scenario`` prepares the environment and gives the sequence to play; ``longest`` is about how long it takes.
    """

    def __init__(self, env, scenario: Callable[[], uvm_sequence], longest: int, times: int) -> None:
        super().__init__("interrupted")
        self.env, self.scenario, self.longest, self.times = env, scenario, longest, times

    async def body(self) -> None:
        for _ in range(self.times):
            playing = cocotb.start_soon(self.scenario().start())
            await ClockCycles(self.env.dut.clk_i, random.randint(1, self.longest))
            playing.cancel()
            await self.env.reset.pulse(random.randint(SHORTEST, 2 * SHORTEST))
        await self.scenario().start()


def slots_in_turn(env: LayerEnv, positions: Iterable[int]) -> list[tuple[Tag, np.ndarray]]:
    """Random vectors at these positions of every slot, slot after slot."""
    width, slots = env.model.shape.d_model, range(env.config.die.slots)
    return [(Tag(gen=pos % 2, slot=slot, pos=pos), random_fx(width, 20 + slot)) for pos in positions for slot in slots]


def extremes(env: LayerEnv) -> list[tuple[Tag, np.ndarray]]:
    """All zero, saturating, alternating signs, a single spike and the others of ``extreme_fx``."""
    depth = env.config.die.kv_depth
    vectors = extreme_fx(env.model.shape.d_model)
    return [(Tag(gen=1, slot=i // depth % env.config.die.slots, pos=i % depth), x) for i, x in enumerate(vectors)]


def random_choice(most: int) -> dict[str, int]:
    """How a conversation chooses its tokens: greedy, or among up to ``most``."""
    return {"top_k": random.randint(0, most), "beta": random.randint(1, 5000), "seed": random.getrandbits(32)}


def random_talks(env: ChipEnv, count: int, longest: int) -> list[Conversation]:
    """Conversations in random slots, prompts and answers of random lengths; some carry on what their slot held.

    Their tokens are sampled, but those of a lone user, whom the cycle model follows.
    """
    shape, die = env.config.ckpt.shape, env.config.die
    talks, room = [], dict.fromkeys(range(die.slots), 0)
    for _ in range(count):
        slot = random.randrange(die.slots)
        first = room[slot] < 2 or random.random() < 0.7
        room[slot] = die.kv_depth if first else room[slot]
        prompt = [random.randrange(shape.vocab) for _ in range(random.randint(1, min(longest, room[slot])))]
        answer = random.randint(1, longest)
        room[slot] -= len(prompt) + answer
        talks.append(Conversation(slot, prompt, answer, first, **({} if env.config.lone else random_choice(die.top_k))))
    return talks
