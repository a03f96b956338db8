# SPDX-License-Identifier: Apache-2.0
"""The production test of a die: prompts, what a good die answers, and its signatures after each of them.

Every token of the vocabulary comes once, so that every row of the embedding is read, in prompts that fill the context,
so that every angle of RoPE is; each prompt wants one answer, which the whole head computes. One answer is not fed back:
a broken die gets the same tokens as a good one, and the first signature in dataflow order that differs is the broken
array's, or of what lies between it and the array before.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.checkpoint.checkpoint import Checkpoint
from models.defects.defect import ROPE, Defect
from models.defects.grade import Grader, embedded
from models.defects.plant import planted
from models.die.cycles import Cycles
from models.die.shape import EMBED, Die, Shape
from models.errors import InputError
from models.golden.chip import Chip
from models.golden.signature import Place, places, signatures
from models.golden.stage import CHIP

PROMPTS = Path(__file__).with_name("prompts")  # files of ``text``, one a die


@dataclass(frozen=True)
class Production:
    """``prompts``, and of a good die the ``answers``, a token each, and ``signatures`` since reset after each."""

    prompts: list[list[int]]
    answers: list[int]
    signatures: list[dict[Place, int]]

    @classmethod
    def of(cls, ckpt: Checkpoint, die: Die, prompts: Sequence[Sequence[int]]) -> "Production":
        """The test of these prompts for a checkpoint on a die, from the golden model."""
        chip = Chip(ckpt, die, slots=1)
        answers, found = [], [dict.fromkeys(places(ckpt.shape.layers), 0)]
        for prompt in prompts:
            chip.reset(0)
            steps = chip.run(0, prompt)
            answers.append(steps[-1].token_out)
            found.append(signatures(steps, found[-1], die.lanes))
        return cls([list(prompt) for prompt in prompts], answers, found[1:])

    def judge(self, index: int, answer: int, found: Mapping[Place, int]) -> str:
        """What is wrong with a die after prompt ``index``, '' if nothing is: the array, or what lies before it."""
        expected = self.signatures[index]
        wrong = [place for place in expected if found[place] != expected[place]]
        if wrong:
            layer, array = wrong[0]
            return f"prompt {index}: {'chip' if layer == CHIP else f'layer {layer}'}, {array}"
        return "" if answer == self.answers[index] else f"prompt {index}: chip, choice of the token"


def sweep(shape: Shape, die: Die) -> list[list[int]]:
    """Prompts that have every token once and every position."""
    return [list(range(at, min(at + die.kv_depth, shape.vocab))) for at in range(0, shape.vocab, die.kv_depth)]


def text(prompts: Sequence[Sequence[int]]) -> str:
    """Prompts of tokens that follow each other, as a file for a tester: a line a prompt, its first and last token."""
    return "[\n" + ",\n".join(f"  [{prompt[0]}, {prompt[-1]}]" for prompt in prompts) + "\n]\n"


def load(path: Path) -> list[list[int]]:
    """The prompts of a file. InputError if it holds none."""
    try:
        return [list(range(first, last + 1)) for first, last in json.loads(path.read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError):
        raise InputError("no prompts of a production test", str(path), "write them by make production OUT=") from None


def behind(defect: Defect) -> Place:
    """The first signature that a defect can make another: its array's, or that of the array behind it."""
    if defect.array == ROPE:
        return 0, "o"
    array = {"attn_norm": "qkv", "ffn_norm": "gateup", "final_norm": "head"}.get(defect.array, defect.array)
    return CHIP if array in (EMBED, "head") else defect.layer, array


def clocks(cycles: Cycles, prompts: Sequence[Sequence[int]]) -> int:
    """About how many clocks the test takes: tokens of a prompt follow each other as fast as the busier half of a layer
    takes them, and the next prompt waits for the answer."""
    beats = cycles.beats(cycles.shape.d_model)
    attention, ffn = ("attn_norm", "qkv", "rope", "attention"), ("ffn_norm", "gateup", "swiglu")
    total = 0
    for prompt in prompts:
        for pos in range(len(prompt)):
            stages = cycles.stages(pos)
            halves = ((attention, "o"), (ffn, "down"))
            total += beats + max(sum(stages[name] for name in half) + cycles.matrix(last) for half, last in halves)
        total += cycles.token(len(prompt) - 1)
    return total


class Sweep:
    """Which defects a checkpoint's production test sees, at the least.

    Of the first ``most`` prompts ``reach`` tokens are looked at, the cost being what it is; of the embedding all.
    """

    def __init__(self, ckpt: Checkpoint, die: Die, most: int = 3, reach: int = 64) -> None:
        self.ckpt, self.chip, self.reach = ckpt, Chip(ckpt, die, slots=1), reach
        self.prompts = sweep(ckpt.shape, die)
        self.most = min(most, len(self.prompts))
        self.graders: list[Grader] = []

    def sees(self, defect: Defect) -> tuple[int, Place] | None:
        """The prompt, and the place of the first signature that is another then; None if none is."""
        if defect.array == EMBED:
            token = np.array([defect.out])
            good = embedded(self.chip, token)
            with planted(self.chip, self.ckpt, defect):
                same = np.array_equal(embedded(self.chip, token), good)
            return None if same else (defect.out // self.chip.die.kv_depth, (CHIP, EMBED))
        for index in range(self.most):
            if index == len(self.graders):
                self.graders.append(Grader(self.ckpt, self.chip, self.prompts[index][: self.reach], 1))
            if found := self.graders[index].signed(defect):
                return index, found
        return None
