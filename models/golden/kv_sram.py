# SPDX-License-Identifier: Apache-2.0
"""KV cache of one layer and slot."""

import numpy as np

from models.die.shape import Die, Shape
from models.golden.fixed_point import quantise


class KvSram:
    """Keys and values of the positions so far: mantissas [kv_heads, depth, head_dim], shifts [kv_heads, depth].

    Mantissas are integers kept as float64, which attention multiplies.
    """

    def __init__(self, shape: Shape, die: Die) -> None:
        size = (shape.kv_heads, die.kv_depth)
        self.kv_w = die.kv_w
        self.k, self.v = np.zeros((*size, shape.head_dim)), np.zeros((*size, shape.head_dim))
        self.k_shift, self.v_shift = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)

    def write(self, first: int, k: np.ndarray, v: np.ndarray) -> None:
        """Quantise keys and values, FX [tokens, kv_heads, head_dim], into the positions from ``first`` on."""
        at = slice(first, first + len(k))
        for x, mantissas, shifts in ((k, self.k, self.k_shift), (v, self.v, self.v_shift)):
            mantissas[:, at], shifts[:, at] = quantise(x.transpose(1, 0, 2), self.kv_w)

    def read(self, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """(k, k_shift, v, v_shift) of the first ``count`` positions."""
        return self.k[:, :count], self.k_shift[:, :count], self.v[:, :count], self.v_shift[:, :count]
