# SPDX-License-Identifier: Apache-2.0
"""The environment of the whole chip: conversations in, answers out, every stage against the golden model."""

import json
from dataclasses import asdict

from cocotb.triggers import RisingEdge

from models.die.cycles import Cycles
from tb.oracle.conversation import Conversation, Job
from tb.oracle.golden import Golden
from tb.oracle.prompt import beats
from tb.rig.beats import pack
from tb.rig.bundles import NO_TOKEN, STOP_TOKENS, TOKEN_W, Answer
from tb.uvm.env import TokenEnv
from tb.uvm.reset_agent import Event
from tb.uvm.stream_agent import Seen, Stream


class ChipModel:
    """The golden model's process, one for the conversations between two resets."""

    def __init__(self) -> None:
        self.golden: Golden | None = None

    def begin(self, job: Job) -> None:
        """Let it answer these conversations."""
        self.restart()
        self.golden = Golden(json.dumps(asdict(job)))

    def restart(self) -> None:
        """End it."""
        if self.golden:
            self.golden.close()
        self.golden = None

    def expect(self, slot: int, pos: int):
        """The next step of a slot's position."""
        return self.golden.expect(slot, pos) if self.golden else None


class ChipEnv(TokenEnv):
    """Streams ``prompts`` into the chip and ``answers`` out of it; two streams inside it are observed."""

    active = (
        Stream("prompts", "tok_", ("prompt",), "into"),
        Stream("answers", "out_", ("answer",), "out"),
    )
    passive = (
        Stream("chosen", "res_", ("tag", "token"), "inside"),
        Stream("begun", "seq_", ("tag", "token"), "inside"),
    )

    def build_phase(self) -> None:
        super().build_phase()
        self.model = ChipModel()
        for name in ("cut", "write_valid", "write_layer", "write"):
            getattr(self.dut, f"{name}_i").value = 0
        shape = self.config.ckpt.shape
        self.clocks = Cycles.of(shape, self.config.die, self.config.view, self.config.turn_clks)
        self.begin([])

    def connect_phase(self) -> None:
        super().connect_phase()
        self.scoreboard.model = self.model

    def begin(self, talks: list[Conversation], stop: tuple[int, ...] = ()) -> None:
        """What will be said until the next reset, and the tokens that stop an answer."""
        self.talks = talks
        self.dut.stop_ids_i.value = pack([*stop, *[NO_TOKEN] * STOP_TOKENS][:STOP_TOKENS], TOKEN_W)
        self.got: list[list[int]] = [[] for _ in talks]
        self.ends: list[int | None] = [None] * len(talks)
        self.active_talks: dict[int, int] = {}  # slot -> conversation
        self.last: tuple[int, int] | None = None  # position and clock of the last answer
        self.chosen: list[int] = []
        if talks:
            self.model.begin(Job(self.config.model, self.config.die, talks, list(stop)))

    def prompt(self, index: int) -> list[tuple[int, ...]]:
        """The beats of conversation ``index``, which begins."""
        talk = self.talks[index]
        assert talk.slot not in self.active_talks, f"slot {talk.slot} still answers"
        self.active_talks[talk.slot] = index
        self.write_event(Event("prompt", talk.slot))
        return [(prompt.pack(),) for prompt in beats(talk)]

    def write_event(self, event: Event) -> None:
        super().write_event(event)
        if event.kind == "reset begins":
            self.active_talks = {}

    def write_beat(self, seen: Seen) -> None:
        super().write_beat(seen)
        if seen.stream == "chosen":
            self.chosen.append(seen.beat[1])
        if seen.stream != "answers":
            return
        answer = Answer.unpack(seen.beat[0])
        slot, pos, end = answer.slot, answer.pos, answer.reason
        assert slot in self.active_talks, f"an answer for slot {slot}, which asked nothing"
        index = self.active_talks[slot]
        self.got[index].append(answer.token)
        if self.config.lone and self.last and pos == self.last[0] + 1:
            self.cycles.hold(f"position {self.last[0]}", seen.clock - self.last[1], self.clocks.token(self.last[0]))
        self.last = None if end else (pos, seen.clock)
        if end:
            self.ends[index] = end
            del self.active_talks[slot]
            self.coverage.conversation(self.talks[index], end, len(self.active_talks))
            self.write_event(Event("answer", slot, pos))

    def busy(self) -> bool:
        return bool(self.active_talks)

    async def until_done(self) -> None:
        """All conversations that began have ended, and no token is on the die."""
        while self.busy() or not int(self.dut.idle_o.value):
            await RisingEdge(self.dut.clk_i)

    def finish(self) -> None:
        """Everything was compared, and the answers are the golden ones."""
        answers = [self.model.golden.answer(index) for index in range(len(self.talks))]
        golden = [(answer.tokens, answer.end) for answer in answers]
        got = list(zip(self.got, self.ends, strict=True))
        named = [(f"conversation {i}", *pair) for i, pair in enumerate(zip(golden, got, strict=True))]
        chosen = sum(len(tokens) for tokens in self.got)
        self.scoreboard.finish([*named, ("tokens chosen", chosen, len(self.chosen))])
        assert not self.config.lone or self.cycles.held, "the cycle model held nothing"

    def final_phase(self) -> None:
        self.model.restart()
