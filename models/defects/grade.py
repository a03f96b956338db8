# SPDX-License-Identifier: Apache-2.0
"""What sees a defect: the golden model with it beside the golden model without, over one conversation.

Frames of the good model are kept, so that a defect costs its own layer and those behind it, until nothing differs any
more. The tokens that are fed back are the good model's: up to the first answer that differs they are the bad one's too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.checkpoint.checkpoint import Checkpoint
from models.defects.defect import ROPE, Defect, effect
from models.defects.plant import planted
from models.die.shape import EMBED
from models.errors import InputError
from models.golden.act_quantiser import act_quantiser
from models.golden.argmax import argmax
from models.golden.chip import Chip
from models.golden.embedding import embedding
from models.golden.kv_sram import KvSram
from models.golden.matrix import Matrix
from models.golden.signature import STREAMS, Place
from models.golden.stage import CHIP, Stage


@dataclass(frozen=True)
class Sight:
    """The first value in dataflow order that differs; ``layer`` is CHIP for what the chip has once."""

    pos: int
    layer: int
    stage: Stage
    index: int
    expected: int
    got: int

    def fields(self) -> dict[str, int | str]:
        """As JSON has it."""
        place = {"position": self.pos, "layer": "chip" if self.layer == CHIP else self.layer}
        values = {"index": self.index, "expected": self.expected, "got": self.got}
        return place | {"stage": self.stage.name.lower()} | values


@dataclass(frozen=True)
class Grade:
    """What sees a defect of one conversation; ``effect`` is that of ``models.defects.defect.effect``.

    ``first`` is None where no stage sees it, ``signature`` is the (layer, array) of the first signature in dataflow
    order that is another, None where none is. ``logits`` and ``token`` are the first answer, from 0 on, whose logits
    differ and which is another token; None if there is none.
    """

    defect: Defect
    effect: str
    first: Sight | None = None
    signature: Place | None = None
    logits: int | None = None
    token: int | None = None

    @property
    def level(self) -> str:
        """The last that sees it of 'stage', 'signature', 'logits', 'token'; 'nothing', or its effect where it has no
        grade."""
        if self.effect:
            return self.effect
        seen = {"token": self.token, "logits": self.logits, "signature": self.signature, "stage": self.first}
        return next((name for name, where in seen.items() if where is not None), "nothing")

    def fields(self) -> dict:
        """As JSON has it."""
        first = self.first.fields() if self.first else None
        return self.defect.fields() | {
            "kind": self.defect.kind,
            "level": self.level,
            "first": first,
            "signature": self.signature,
            "logits": self.logits,
            "token": self.token,
        }


class Grader:
    """A ``chip``, the golden model of a checkpoint, a ``prompt`` and the good ``answer`` to it: at most ``most``
    tokens, up to one of ``stop``. InputError if the die cannot take it, or the model is too large to be held.
    """

    def __init__(
        self, ckpt: Checkpoint, chip: Chip, prompt: Sequence[int], most: int, stop: Sequence[int] = ()
    ) -> None:
        self.ckpt, self.chip = ckpt, chip
        if not isinstance(self.chip.head, Matrix):
            raise InputError("the model is too large for its defects to be graded", ckpt.path, "take a smaller one")
        self.prompt, self.answer = list(prompt), self._answers(prompt, most, stop)
        self.tokens = np.array(self.prompt + self.answer[:-1], dtype=np.int64)
        self.asked = slice(len(prompt) - 1, None)
        self.cache = KvSram(ckpt.shape, chip.die)  # of one layer after the other
        self.inputs, self.frames = [embedded(self.chip, self.tokens)], []
        for layer in self.chip.layers:
            self.frames.append(layer(self.inputs[-1], self.cache, 0))
            self.inputs.append(self.frames[-1][Stage.FFN_RESIDUAL])
        self.ends = self._end(self.inputs[-1])

    def grade(self, defect: Defect) -> Grade:
        """What sees a defect."""
        if found := effect(self.ckpt, self.chip.die, defect):
            return Grade(defect, found)
        with planted(self.chip, self.ckpt, defect):
            first, signed, last = self._layers(defect)
            if last is self.inputs[-1] and defect.array not in ("head", "final_norm"):
                return Grade(defect, "", first, signed)
            ends = self._end(last)
        first = first or self._difference(CHIP, self.ends, ends, self.asked.start)
        logits, token = (_first(self.ends[stage], ends[stage]) for stage in (Stage.LOGITS, Stage.TOKEN))
        return Grade(defect, "", first, signed or ((CHIP, "head") if logits is not None else None), logits, token)

    def signed(self, defect: Defect) -> Place | None:
        """Where the first signature is that a defect, which has no effect of its own, makes another; soon told."""
        with planted(self.chip, self.ckpt, defect):
            _, signed, last = self._layers(defect, enough=True)
            if signed or (last is self.inputs[-1] and defect.array not in ("head", "final_norm")):
                return signed
            differ = _first(self.ends[Stage.LOGITS], self._end(last)[Stage.LOGITS]) is not None
        return (CHIP, "head") if differ else None

    def _answers(self, prompt: Sequence[int], most: int, stop: Sequence[int]) -> list[int]:
        self.chip.reset(0)
        answer = [self.chip.run(0, prompt)[-1].token_out]
        while len(answer) < most and answer[-1] not in stop and self.chip.position(0) < self.chip.die.kv_depth:
            answer.append(self.chip.run(0, answer[-1:])[-1].token_out)
        return answer

    def _layers(self, defect: Defect, enough: bool = False) -> tuple[Sight | None, Place | None, np.ndarray]:
        """The first difference, the first signature that is another, and what leaves the last layer: the good frame
        itself where the layers differ in nothing. ``enough``: no more layers once a signature is another."""
        count, first, signed = len(self.frames), None, None
        if defect.array in ("head", "final_norm"):
            return None, None, self.inputs[-1]
        start, x = defect.layer, self.inputs[defect.layer]
        if defect.array == EMBED:
            x = embedded(self.chip, self.tokens)
            first = self._difference(CHIP, {Stage.EMBEDDING: self.inputs[0]}, {Stage.EMBEDDING: x}, 0)
            signed = (CHIP, EMBED) if first else None
        for layer in range(start, count):
            has_it = defect.array == ROPE or (layer == start and defect.array != EMBED)
            if not has_it and np.array_equal(x, self.inputs[layer]):
                return first, signed, self.inputs[-1]
            frame = self.chip.layers[layer](x, self.cache, 0)
            first = first or self._difference(layer, self.frames[layer], frame, 0)
            signed = signed or self._signed(layer, frame)
            x = frame[Stage.FFN_RESIDUAL]
            if enough and signed:
                break
        return first, signed, self.inputs[-1] if np.array_equal(x, self.inputs[-1]) else x

    def _signed(self, layer: int, frame: Mapping) -> Place | None:
        """The first array of a layer whose stream differs."""
        differ = (
            array
            for array, stages in STREAMS.items()
            if any(not np.array_equal(frame[stage], self.frames[layer][stage]) for stage in stages)
        )
        return next(((layer, array) for array in differ), None)

    def _end(self, x: np.ndarray) -> dict[Stage, np.ndarray]:
        """Stages behind the last layer, of the tokens that want an answer."""
        normed = self.chip.final_norm(x[self.asked])
        logits = self.chip.head(*act_quantiser(normed, self.chip.die.act_w))
        return {Stage.FINAL_NORM: normed, Stage.LOGITS: logits, Stage.TOKEN: argmax(logits)[:, None]}

    def _difference(self, layer: int, good: Mapping, bad: Mapping, pos: int) -> Sight | None:
        """The first difference of two frames, whose stages begin at position ``pos``."""
        found = [(at, stage) for stage in good if (at := _first(good[stage], bad[stage])) is not None]
        if not found:
            return None
        at, stage = min(found)
        expected, got = good[stage][at].ravel(), bad[stage][at].ravel()
        index = int(np.flatnonzero(expected != got)[0])
        return Sight(pos + at, layer, stage, index, int(expected[index]), int(got[index]))


def embedded(chip: Chip, tokens: np.ndarray) -> np.ndarray:
    """What a chip's embedding makes of tokens, FX [tokens, d_model]."""
    rows = chip.embedding.rows(tokens)
    return embedding(np.arange(len(tokens)), rows.q, rows.d, rows.m, rows.s, rows.n)


def _first(good: np.ndarray, bad: np.ndarray) -> int | None:
    """The first row in which two arrays differ, None if none does."""
    rows = np.flatnonzero((good != bad).reshape(len(good), -1).any(axis=1))
    return int(rows[0]) if len(rows) else None
