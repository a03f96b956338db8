# SPDX-License-Identifier: Apache-2.0
"""The chip behind the host port, played by the bench: takes prompts and answers them as hdl/chip.sv would."""

import random
from collections import defaultdict, deque
from typing import NamedTuple

import cocotb
from cocotb.triggers import RisingEdge

from tb.evidence.coverage.ends import WatchedSink, WatchedSource
from tb.rig.bundles import End

NONE, STOP, LIMIT, CONTEXT = End
ERROR = len(End)  # to a host alone: its prompt is refused


class PromptToken(NamedTuple):
    """A token of a prompt as the chip gets it: ``prompt_t`` of hdl/cartridge_pkg.sv. ``pos`` is of the first."""

    slot: int
    token: int
    first: int
    pos: int
    last: int
    max_new: int
    adapter: int
    top_k: int
    beta: int
    seed: int


class AnswerToken(NamedTuple):
    """A token to the host: ``answer_t`` of hdl/cartridge_pkg.sv."""

    slot: int
    pos: int
    token: int
    reason: int


def prompt_tokens(
    slot: int, tokens: list[int], settings: dict[str, int], first: bool, last: bool = True, at: int = 0
) -> list[PromptToken]:
    """What the chip gets of a prompt, of a slot with these settings (the values of its registers); the first token that
    it has of a slot is ``at`` a position."""
    names = ("MAX_NEW", "ADAPTER", "TOP_K", "BETA", "SEED")
    more, end = [settings[f"SLOT.{name}"] for name in names], len(tokens) - 1
    ends = [(int(first and i == 0), at if first and i == 0 else 0, int(last and i == end)) for i in range(len(tokens))]
    return [PromptToken(slot, token, *those, *more) for token, those in zip(tokens, ends, strict=True)]


class ChipStandIn:
    """Answers slots that have their prompt, in any order, unless ``held``; ``stops`` is the chance of a stop token.

    ``given`` and ``answers`` say what each slot got and gave, in order; ``cuts`` the slots whose answers were cut;
    ``positions`` where each slot's next token is.
    """

    def __init__(self, dut, stall: str) -> None:
        self.tokens = WatchedSink(dut, PromptToken._fields, prefix="tok_", stall=stall)
        self.out = WatchedSource(dut, AnswerToken._fields, prefix="out_", stall=stall)
        self.given: dict[int, list[PromptToken]] = defaultdict(list)
        self.answers: dict[int, deque[AnswerToken]] = defaultdict(deque)
        self.cuts: list[int] = []
        self.held: set[int] = set()
        self.stops = 0.1
        self.left: dict[int, int] = {}  # of the slots that answer: tokens to come
        self._ends: dict[int, int] = {}  # slot -> which of all answers its last one is
        self._said = 0
        self._dut, self._depth = dut, int(dut.DEPTH.value)
        self.positions: dict[int, int] = defaultdict(int)
        self._task = cocotb.start_soon(self._run())

    def stop(self) -> None:
        """AnswerToken nothing any more."""
        for end in (self.tokens, self.out, self._task):
            end.cancel() if end is self._task else end.stop()

    async def _run(self) -> None:
        while True:
            await RisingEdge(self._dut.clk_i)
            if int(self._dut.rst_i.value):
                continue
            if int(self._dut.restarting_o.value):
                self.left.clear()
                assert not int(self._dut.tok_valid_o.value), "a token is offered to a chip in reset"
            while self.tokens.beats:
                self._take(PromptToken(*self.tokens.beats.popleft()))
            cut = int(self._dut.cut_o.value)
            for slot in range(len(self._dut.cut_o)):
                if cut >> slot & 1:
                    ending = self.out.accepted <= self._ends.get(slot, -2) + 1  # said, but not heard by the port
                    assert slot in self.left or ending, f"slot {slot} is cut, which does not answer"
                    self.cuts.append(slot)
                    if slot in self.left:
                        self.left[slot] = 1
            ready = [slot for slot in self.left if slot not in self.held]
            if ready and not self.out.beats and random.random() < 1 / 4:
                self._answer(random.choice(ready))

    def _take(self, token: PromptToken) -> None:
        slot = token.slot
        self.given[slot].append(token if token.first else token._replace(pos=0))
        assert slot not in self.left, f"slot {slot} gets a token in the middle of its answer"
        if token.first:
            self.positions[slot] = token.pos
        assert token.pos == self.positions[slot], f"slot {slot}: a token for position {token.pos}"
        room = self.positions[slot] < self._depth
        self.positions[slot] += room
        if token.last and room:
            self.left[slot] = token.max_new
        elif token.last:
            self._say(AnswerToken(slot, self.positions[slot], token.token, CONTEXT))

    def _answer(self, slot: int) -> None:
        pos, left = self.positions[slot], self.left.pop(slot)
        end = LIMIT if left == 1 else CONTEXT if pos == self._depth else STOP if random.random() < self.stops else NONE
        if end == NONE:
            self.positions[slot], self.left[slot] = pos + 1, left - 1
        self._say(AnswerToken(slot, pos, random.getrandbits(24), end))

    def _say(self, answer: AnswerToken) -> None:
        self.answers[answer.slot].append(answer)
        if answer.reason != NONE:
            self._ends[answer.slot] = self._said
        self._said += 1
        self.out.send(answer)
