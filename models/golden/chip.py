# SPDX-License-Identifier: Apache-2.0
"""The whole chip: tokens in, every stage of every layer and a token out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from models.adapter import Adapter
from models.checkpoint.checkpoint import EMBEDDING, FINAL_NORM, Checkpoint
from models.die.shape import Die, check_fits, check_tokens, norm_constants, weight_counts
from models.errors import InputError
from models.golden.act_quantiser import act_quantiser
from models.golden.embedding import embedding
from models.golden.kv_sram import KvSram
from models.golden.layer import NONE, Layer
from models.golden.matrix import Matrix, Streamed
from models.golden.rms_norm import RmsNorm
from models.golden.rope import table
from models.golden.sampler import GREEDY, Sampling, sampler
from models.golden.stage import CHIP, Stage

HELD = 1 << 28  # weights of a model up to which its matrices are held as floats: 1 GiB; larger ones stay in the file
PREFILL = 64  # prompt tokens that go through the layers at once: enough to share the reading of the weights


@dataclass(frozen=True)
class Step:
    """One token's way through the chip.

    ``stages`` maps (stage, layer) to int32 values in stream order, layer ``CHIP`` for what the chip has once;
    ``attn_weight`` is [pos + 1, heads], all others one-dimensional. ``token_out`` is None where no answer was wanted.
    """

    slot: int
    pos: int
    token_in: int
    stages: dict[tuple[Stage, int], np.ndarray]
    token_out: int | None


@dataclass
class _Slot:
    """A conversation: a KV cache for each layer, and the position of its next token."""

    caches: list[KvSram]
    pos: int = 0


class Chip:
    """A checkpoint in a die, with ``slots`` conversations (default: the die's). InputError if it does not fit."""

    def __init__(self, ckpt: Checkpoint, die: Die, slots: int | None = None) -> None:
        check_fits(ckpt.shape, die, ckpt.path)
        self.shape, self.die = ckpt.shape, die
        self.embedding = ckpt.tensors[EMBEDDING]
        turns = table(ckpt.shape, die.kv_depth)
        make = Matrix.held if sum(weight_counts(ckpt.shape).values()) <= HELD else Streamed
        self.layers = [Layer(ckpt, index, die, turns, make) for index in range(ckpt.shape.layers)]
        self.final_norm = RmsNorm(ckpt.gains[FINAL_NORM], norm_constants(ckpt.shape))
        self.head = make(ckpt.matrix("head", 0), die.act_w, die.span["head"])
        self.slots = [self._fresh() for _ in range(die.slots if slots is None else slots)]

    def _fresh(self) -> _Slot:
        return _Slot([KvSram(self.shape, self.die) for _ in self.layers])

    def reset(self, slot: int) -> None:
        """Forget the conversation of a slot."""
        self.slots[slot].pos = 0  # a position is always written before it is read

    def position(self, slot: int) -> int:
        """Tokens that a slot holds: the position of its next token."""
        return self.slots[slot].pos

    def run(
        self,
        slot: int,
        tokens: Sequence[int],
        want_last: bool = True,
        adapter: Adapter | None = None,
        sampling: Sampling = GREEDY,
    ) -> list[Step]:
        """Take tokens into a slot; the last one wants an answer if ``want_last``, chosen as ``sampling`` says.

        InputError where ``check_tokens`` raises it, and for a choice among more logits than the die's top_k.
        """
        if sampling.top_k > self.die.top_k:
            what = f"a choice among {sampling.top_k} logits, the die has {self.die.top_k}"
            raise InputError(what, f"slot {slot}", "choose among fewer")
        steps = []
        for batch in self._hidden(slot, tokens, adapter):
            x, first, ids, stages = batch
            for t, token in enumerate(ids.tolist()):
                values = {key: stage[t] for key, stage in stages.items()}
                for index in range(self.shape.layers):
                    values[Stage.ATTN_WEIGHT, index] = values[Stage.ATTN_WEIGHT, index][: first + t + 1]
                steps.append(Step(slot, first + t, token, values, None))
        if want_last:
            steps[-1] = self._answer(x[-1:], steps[-1], sampling)
        return steps

    def logits(self, slot: int, tokens: Sequence[int], adapter: Adapter | None = None) -> np.ndarray:
        """Take tokens into a slot; the logits after each of them, FX [tokens, vocab]. InputError as ``run``."""
        return np.concatenate([self._logits(self.final_norm(x)) for x, *_ in self._hidden(slot, tokens, adapter)])

    def _hidden(
        self, slot: int, tokens: Sequence[int], adapter: Adapter | None
    ) -> Iterator[tuple[np.ndarray, int, np.ndarray, dict]]:
        """Take tokens through the layers, some at once: yields (last residual FX, first position, tokens, stages)."""
        state = self.slots[slot]
        check_tokens(self.shape, self.die, tokens, f"slot {slot}", state.pos)
        changes = [adapter.layer(index) if adapter else NONE for index in range(len(self.layers))]
        for start in range(0, len(tokens), PREFILL):
            ids, first = np.array(tokens[start : start + PREFILL], dtype=np.int64), state.pos
            rows = self.embedding.rows(ids)
            x = embedding(np.arange(len(ids)), rows.q, rows.d, rows.m, rows.s, rows.n)
            stages = {(Stage.EMBEDDING, CHIP): x.astype(np.int32)}
            for index, (layer, cache) in enumerate(zip(self.layers, state.caches, strict=True)):
                out = layer(x, cache, first, changes[index])
                x = out[Stage.FFN_RESIDUAL]
                stages |= {(stage, index): values.astype(np.int32) for stage, values in out.items()}
            state.pos += len(ids)
            yield x, first, ids, stages

    def _logits(self, x: np.ndarray) -> np.ndarray:
        return self.head(*act_quantiser(x, self.die.act_w))

    def _answer(self, x: np.ndarray, step: Step, sampling: Sampling) -> Step:
        normed = self.final_norm(x)
        logits = self._logits(normed)
        token = sampler(logits[0], step.pos, sampling)
        named = ((Stage.FINAL_NORM, normed[0]), (Stage.LOGITS, logits[0]), (Stage.TOKEN, np.array([token])))
        stages = step.stages | {(stage, CHIP): values.astype(np.int32) for stage, values in named}
        return replace(step, stages=stages, token_out=token)
