# SPDX-License-Identifier: Apache-2.0
"""Embedding: one row of cells a token, scaled to FX."""

import numpy as np

from models.golden.fixed_point import rsr, sat32, scaled_half


def embedding(
    tokens: np.ndarray,
    q: np.ndarray,
    d: np.ndarray,
    m: np.ndarray,
    s: np.ndarray | None = None,
    n: np.ndarray | None = None,
) -> np.ndarray:
    """Rows ``tokens`` of codes ``q`` uint8 [vocab, width] -> FX [tokens, width].

    ``d``, ``m``: binary16 words [vocab, n]; ``s``, ``n``: integers int8 [vocab, spans] of a table that has some.
    """
    spans = (d if s is None else s).shape[1]
    scale, offset = (np.repeat(scaled_half(w[tokens]).astype(np.int64), spans // w.shape[1], axis=1) for w in (d, m))
    if s is not None:
        scale, offset = scale * s[tokens], offset * n[tokens]
    codes = q[tokens].reshape(len(tokens), spans, -1).astype(np.int64)
    return sat32(rsr(scale[..., None] * codes + offset[..., None], 8)).reshape(len(tokens), -1)
