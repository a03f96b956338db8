# SPDX-License-Identifier: Apache-2.0
"""A defect in the golden model: one column of a matrix, one gain, one angle or one row of the embedding is another."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np

from models.checkpoint.checkpoint import Checkpoint
from models.checkpoint.quantised import Blocks, Quantised
from models.defects import defect as place
from models.defects.defect import NORMS, ROPE, Defect
from models.die.shape import EMBED, Die, norm_constants
from models.golden.chip import Chip
from models.golden.matrix import Matrix
from models.golden.rms_norm import RmsNorm


@contextmanager
def planted(chip: Chip, ckpt: Checkpoint, defect: Defect) -> Iterator[None]:
    """Meanwhile ``chip``, the golden model of ``ckpt`` with its matrices held, has the defect, which is not beyond."""
    if defect.array in NORMS:
        words = place.gains(ckpt, defect).view(np.uint32).copy()
        words[defect.at] = defect.of(int(words[defect.at]))
        owner = chip if defect.array == "final_norm" else chip.layers[defect.layer]
        change = _swapped(owner, defect.array, RmsNorm(words.view(np.float32), norm_constants(ckpt.shape)))
    elif defect.array == ROPE:
        change = _angle(chip, defect)
    elif defect.array == EMBED:
        change = _swapped(chip, "embedding", _Rows(chip.embedding, defect, _wrong(ckpt, chip.die, defect)))
    else:
        change = _column(chip, ckpt, defect)
    with change:
        yield


@contextmanager
def _swapped(owner: object, name: str, value: object) -> Iterator[None]:
    """Meanwhile an attribute has another value."""
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


@dataclass(frozen=True)
class _Rows:
    """The embedding, the token of a defect with the row ``wrong``."""

    good: Blocks
    defect: Defect
    wrong: Quantised

    def rows(self, ids: np.ndarray) -> Quantised:
        """Rows of some tokens, in the words of the wrong one."""
        found = [
            self.wrong if token == self.defect.out else self._widened(self.good.rows(slice(token, token + 1)))
            for token in ids.tolist()
        ]
        words = [[getattr(each, name) for each in found] for name in ("q", "d", "m", "s", "n")]
        return Quantised(self.good.kind, *(None if part[0] is None else np.concatenate(part) for part in words))

    def _widened(self, right: Quantised) -> Quantised:
        def spread(word: np.ndarray | None, like: np.ndarray | None) -> np.ndarray | None:
            if like is None or word is None:
                return None if like is None else np.ones_like(like)
            return np.repeat(word, like.shape[1] // word.shape[1], axis=1)

        words = {name: spread(getattr(right, name), getattr(self.wrong, name)) for name in ("d", "m", "s", "n")}
        return replace(right, **words)


def _wrong(ckpt: Checkpoint, die: Die, defect: Defect) -> Quantised:
    """The output that a defect is in, with it."""
    words = copy.deepcopy(place.row(ckpt, die, defect))
    place.change(die, words, defect)
    return words


@contextmanager
def _column(chip: Chip, ckpt: Checkpoint, defect: Defect) -> Iterator[None]:
    matrix = chip.head if defect.array == "head" else chip.layers[defect.layer].arrays[defect.array]
    words = _wrong(ckpt, chip.die, defect)
    wrong = Matrix(words.q, words.d, words.m, chip.die.act_w, s=words.s, n=words.n)
    assert wrong.cells.dtype == matrix.cells.dtype, "a wrong code of 8 bits is exact in the matrix"
    column = sum(ckpt.shape.modules(defect.array)[: defect.part]) + defect.out
    pairs = [(getattr(matrix, name)[..., column], getattr(wrong, name)[..., 0]) for name in ("cells", "d", "m")]
    good = [ours.copy() for ours, _ in pairs]
    d_max, m_max = (max(getattr(matrix, name), getattr(wrong, name)) for name in ("d_max", "m_max"))
    with _swapped(matrix, "d_max", d_max), _swapped(matrix, "m_max", m_max):
        try:
            for ours, theirs in pairs:
                ours[...] = theirs
            yield
        finally:
            for (ours, _), before in zip(pairs, good, strict=True):
                ours[...] = before


@contextmanager
def _angle(chip: Chip, defect: Defect) -> Iterator[None]:
    """In all layers: the table is one image."""
    values = chip.layers[0].table[("cos", "sin").index(defect.word)]
    at = defect.out, defect.at
    before = int(values[at])
    values[at] = np.int16(np.uint16(defect.of(before & 0xFFFF)))
    try:
        yield
    finally:
        values[at] = before
