# SPDX-License-Identifier: Apache-2.0
"""Embedding: one row of cells a token, scaled to FX."""

import numpy as np

from models.die.shape import GROUP
from models.golden.fixed_point import rsr, sat32, scaled_half


def embedding(tokens: np.ndarray, q: np.ndarray, d: np.ndarray, m: np.ndarray) -> np.ndarray:
    """Rows ``tokens`` of codes ``q`` uint8 [vocab, n], binary16 words ``d``, ``m`` [vocab, n/32] -> FX [tokens, n]."""
    codes = q[tokens].reshape(len(tokens), -1, GROUP).astype(np.int64)
    scale, offset = (scaled_half(w[tokens]).astype(np.int64)[..., None] for w in (d, m))
    return sat32(rsr(scale * codes + offset, 8)).reshape(len(tokens), -1)
