# SPDX-License-Identifier: Apache-2.0
"""Matrix: cells span by span, then the scale drain. How the rows lie in blocks changes no value.

The work is done by float32 and float64 BLAS, which is exact here because every partial sum is an integer (times a
power of two that a group shares) that the type represents:

* ``S`` sums the products of a span: float32 holds them where they stay below 2^24 (12-bit activations, 8-bit cells, 32
  inputs), else float64 (below 2^28).
* ``D*s*S + M*n*X`` without integers is below ``2^24 * 2^28 + 2^31 * 2^20 < 2^53``. Shifting by ``2^-r`` beforehand only
  moves the exponent, so ``floor(P + 0.5)`` is ``rsr``; the added half is a multiple of the same unit. Integers may take
  it over 2^52: where a call's inputs could, the products are int64.
* the sum over spans is bounded for each call; if it could pass 2^53 it is done in int64, beyond that in Python's
  integers.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from models.checkpoint.quantised import Blocks, Quantised
from models.die.shape import GROUP
from models.golden.fixed_point import rsr, sat32, scaled_half

COLUMNS = 4096  # columns, tokens and products of one pass: what keeps its float64 temporaries in the cache
TOKENS = 32
PRODUCTS = 1 << 17
AT_ONCE = 1 << 19  # weights of a streamed matrix that are unpacked at once


class Matrix:
    """One matrix of a die: codes ``q`` uint8 [out, in], scales ``d`` and ``m`` binary16 words [out, n].

    ``s`` and ``n``, int8 [out, in/span], are the integers of an array that has some; without, a span is a group.
    """

    def __init__(
        self,
        q: np.ndarray,
        d: np.ndarray,
        m: np.ndarray,
        act_w: int,
        bits: int = 8,
        s: np.ndarray | None = None,
        n: np.ndarray | None = None,
    ) -> None:
        columns, rows = q.shape
        spans = rows // GROUP if s is None else s.shape[1]
        self.act_w, self.span = act_w, rows // spans
        largest = (1 << bits) - 1
        exact = np.float32 if largest * self.span << (act_w - 1) <= 1 << 24 else np.float64
        self.cells = q.astype(exact).reshape(columns, spans, self.span).transpose(1, 2, 0)
        scale, offset = scaled_half(d), scaled_half(m)
        assert np.abs(scale).max() < 1 << 24 and np.abs(offset).max() < 1 << 31, "a die's scales: |d| < 1, |m| < 128"
        self.d, self.m = (_by_span(word, integers, spans) for word, integers in ((scale, s), (offset, n)))
        self.d_max = np.abs(self.d).max() * largest
        self.m_max = np.abs(self.m).max()

    @classmethod
    def of(cls, parts: Sequence[Quantised | Blocks], act_w: int, span: int) -> "Matrix":
        """A matrix from the checkpoint's tensors that stand side by side in its columns, in an array of this span."""
        assert all(part.span >= span for part in parts), "the die has wider spans than its checkpoint"
        spans = parts[0].shape[1] // span
        parts = [part.rows(slice(None)) for part in parts]  # blocks would unpack anew for each word
        words = [[_repeat(word, spans) for word in (p.d, p.m, *_integers(p))] for p in parts]
        d, m, s, n = map(np.concatenate, zip(*words, strict=True))
        return cls(np.concatenate([p.q for p in parts]), d, m, act_w, max(p.bits for p in parts), s, n)

    @classmethod
    def held(cls, parts: Sequence[Quantised | Blocks], act_w: int, span: int) -> "Matrix":
        """The same, its cells in the order in which they are read: for a matrix that is called again and again."""
        matrix = cls.of(parts, act_w, span)
        matrix.cells = np.ascontiguousarray(matrix.cells)
        return matrix

    def __call__(self, mantissas: np.ndarray, shifts: np.ndarray) -> np.ndarray:
        """Groups of activations [..., groups, 32] and their shifts [..., groups] -> FX [..., out]."""
        lead = mantissas.shape[:-2]
        spans, span, columns = self.cells.shape
        x = mantissas.reshape(-1, spans, span)
        places = np.repeat((32 - self.act_w) - shifts.reshape(len(x), -1), GROUP // span, axis=1)  # r of each span
        unit = np.ldexp(1.0, -places)
        reach = self.d_max * np.abs(x).sum(axis=-1) + self.m_max * np.abs(x.sum(axis=-1)) + 1
        small = reach.max() < 1 << 52  # a half is added
        bound = (reach * unit + 1).sum(axis=-1).max()
        exact = np.float64 if small and bound < 1 << 53 else np.int64 if bound < 1 << 62 else object
        multiply = self._floats if small else self._integers
        sums = (x.sum(axis=-1) * (unit if small else 1)).T  # [spans, tokens]
        x = (x * unit[..., None] if small else x).transpose(1, 0, 2)
        x = np.ascontiguousarray(x, dtype=self.cells.dtype)
        out = np.zeros((x.shape[1], columns), dtype=exact)
        for c in range(0, columns, COLUMNS):
            for t in range(0, len(out), TOKENS):
                acc = out[t : t + TOKENS, c : c + COLUMNS]
                step = max(1, PRODUCTS // acc.size)
                for g in range(0, spans, step):
                    at, tokens, wide = slice(g, g + step), slice(t, t + TOKENS), slice(c, c + COLUMNS)
                    part = multiply(x[at, tokens], sums[at, tokens], places.T[at, tokens], at, wide)
                    acc += part.astype(exact, copy=False).sum(axis=0)
        total = out.astype(np.int64) if exact is np.float64 else out
        return sat32(rsr(total, self.act_w - 8)).astype(np.int64).reshape(*lead, columns)

    def _floats(self, x: np.ndarray, sums: np.ndarray, _: np.ndarray, at: slice, columns: slice) -> np.ndarray:
        """Rounded products of some spans and columns, float64 [spans, tokens, columns]; x and sums have the unit."""
        part = np.matmul(x, self.cells[at, :, columns]).astype(np.float64)
        part *= self.d[at, None, columns]
        part += self.m[at, None, columns] * sums[..., None]
        part += 0.5
        return np.floor(part, out=part)

    def _integers(self, x: np.ndarray, sums: np.ndarray, places: np.ndarray, at: slice, columns: slice) -> np.ndarray:
        """The same for products beyond 2^53, int64: below 2^24 * 2^7 * 2^28 and 2^31 * 2^7 * 2^20."""
        part = np.matmul(x, self.cells[at, :, columns]).astype(np.int64)
        part *= self.d[at, None, columns].astype(np.int64)
        part += self.m[at, None, columns].astype(np.int64) * sums[..., None].astype(np.int64)
        return rsr(part, places[..., None])


class Streamed:
    """A ``Matrix`` that stays in its file, for a model too large to be held as floats: some columns at a time."""

    def __init__(self, parts: Sequence[Blocks], act_w: int, span: int) -> None:
        self.parts, self.act_w, self.span = parts, act_w, span

    def __call__(self, mantissas: np.ndarray, shifts: np.ndarray) -> np.ndarray:
        """Groups of activations [..., groups, 32] and their shifts [..., groups] -> FX [..., out]."""
        return np.concatenate([piece(mantissas, shifts) for piece in self._pieces()], axis=-1)

    def _pieces(self) -> Iterator[Matrix]:
        for part in self.parts:
            out, inputs = part.shape
            step = max(1, AT_ONCE // inputs)
            for start in range(0, out, step):
                yield Matrix.of([part.rows(slice(start, start + step))], self.act_w, self.span)


def _integers(part: Quantised) -> tuple[np.ndarray, np.ndarray]:
    """s and n of a tensor: those of a plain kind are 1."""
    ones = np.ones_like(part.d, dtype=np.int8)
    return (ones, ones) if part.s is None else (part.s, part.n)


def _repeat(values: np.ndarray, spans: int) -> np.ndarray:
    """Values [out, n] of wider pieces, for every span: [out, spans]."""
    return np.repeat(values, spans // values.shape[1], axis=1)


def _by_span(scale: np.ndarray, integers: np.ndarray | None, spans: int) -> np.ndarray:
    """The factor of every span's sum, scale times integer: float64 [spans, columns]."""
    scale = _repeat(scale, spans)
    return np.ascontiguousarray((scale if integers is None else scale * integers).T)
