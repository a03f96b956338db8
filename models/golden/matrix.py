# SPDX-License-Identifier: Apache-2.0
"""Matrix: cells group by group, then the scale drain. How the rows lie in blocks changes no value.

The work is done by float32 and float64 BLAS, which is exact here because every partial sum is an integer (times a
power of two that a group shares) that the type represents:

* ``S`` sums 32 products of at most ``(2^bits - 1) * 2^(act_w-1)``: below 2^24 for 12-bit activations and 8-bit cells,
  so float32 holds it; wider dies take float64 (below 2^28).
* ``D*S + M*X`` is below ``2^24 * 2^28 + 2^31 * 2^20 < 2^53``. Shifting by ``2^-r`` beforehand only moves the exponent,
  so ``floor(P + 0.5)`` is ``rsr``; the added half is a multiple of the same unit.
* the sum over groups is bounded for each call; if it could pass 2^53 it is done in int64.
"""

from collections.abc import Sequence

import numpy as np

from models.checkpoint.checkpoint import Quantised
from models.die.shape import GROUP
from models.golden.fixed_point import rsr, sat32, scaled_half

COLUMNS = 4096  # columns, tokens and products of one pass: what keeps its float64 temporaries in the cache
TOKENS = 32
PRODUCTS = 1 << 17


class Matrix:
    """One matrix of a die: codes ``q`` uint8 [out, in], scales ``d`` and ``m`` binary16 words [out, in/32]."""

    def __init__(self, q: np.ndarray, d: np.ndarray, m: np.ndarray, act_w: int, bits: int = 8) -> None:
        columns, rows = q.shape
        groups = rows // GROUP
        largest = (1 << bits) - 1
        exact = np.float32 if largest * GROUP << (act_w - 1) <= 1 << 24 else np.float64
        self.act_w = act_w
        self.cells = q.T.astype(exact, order="C").reshape(groups, GROUP, columns)
        self.d = np.ascontiguousarray(scaled_half(d).T)  # [groups, columns]
        self.m = np.ascontiguousarray(scaled_half(m).T)
        self.d_max = np.abs(self.d).max() * largest
        self.m_max = np.abs(self.m).max()
        assert np.abs(self.d).max() < 1 << 24 and self.m_max < 1 << 31, "scales of a die: |d| < 1, |m| < 128"

    @classmethod
    def of(cls, parts: Sequence[Quantised], act_w: int) -> "Matrix":
        """A matrix from the checkpoint's tensors that stand side by side in its columns."""
        q, d, m = (np.concatenate([getattr(p, word) for p in parts]) for word in ("q", "d", "m"))
        return cls(q, d, m, act_w, max(p.bits for p in parts))

    def __call__(self, mantissas: np.ndarray, shifts: np.ndarray) -> np.ndarray:
        """Groups of activations [..., groups, 32] and their shifts [..., groups] -> FX [..., out]."""
        lead = mantissas.shape[:-2]
        groups, _, columns = self.cells.shape
        x = mantissas.reshape(-1, groups, GROUP)
        unit = np.ldexp(1.0, shifts.reshape(-1, groups) - (32 - self.act_w))  # 2^-r of each group
        sums = (x.sum(axis=-1) * unit).T  # [groups, tokens]
        reach = (self.d_max * np.abs(x).sum(axis=-1) + self.m_max * np.abs(x.sum(axis=-1))) * unit + 1
        exact = np.float64 if reach.sum(axis=-1).max() < 1 << 53 else np.int64
        x = np.ascontiguousarray((x * unit[..., None]).transpose(1, 0, 2), dtype=self.cells.dtype)
        out = np.zeros((x.shape[1], columns), dtype=exact)
        for c in range(0, columns, COLUMNS):
            for t in range(0, len(out), TOKENS):
                acc = out[t : t + TOKENS, c : c + COLUMNS]
                step = max(1, PRODUCTS // acc.size)
                for g in range(0, groups, step):
                    at = slice(g, g + step)
                    part = np.matmul(x[at, t : t + TOKENS], self.cells[at, :, c : c + COLUMNS]).astype(np.float64)
                    part *= self.d[at, None, c : c + COLUMNS]
                    part += self.m[at, None, c : c + COLUMNS] * sums[at, t : t + TOKENS, None]
                    part += 0.5
                    np.floor(part, out=part)
                    acc += part.astype(exact, copy=False).sum(axis=0)
        return sat32(rsr(out.astype(np.int64), self.act_w - 8)).reshape(*lead, columns)
