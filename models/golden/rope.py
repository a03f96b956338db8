# SPDX-License-Identifier: Apache-2.0
"""Rotary position embedding over interleaved pairs (Su et al., "RoFormer", 2021), from a table of 14 fraction bits."""

import numpy as np

from models.die.shape import Shape
from models.golden.fixed_point import rsr, sat32


def table(shape: Shape, depth: int) -> tuple[np.ndarray, np.ndarray]:
    """Cosines and sines, 14 fraction bits, int64 [depth, head_dim/2]."""
    pairs = np.arange(shape.rope_dim // 2)
    factors = np.array(shape.rope_factors or np.ones(len(pairs)))
    angle = np.arange(depth)[:, None] * shape.rope_base ** (-2 * pairs / shape.rope_dim) / factors
    cos = np.full((depth, shape.head_dim // 2), 1 << 14, dtype=np.int64)
    sin = np.zeros_like(cos)
    cos[:, : len(pairs)] = np.rint(np.cos(angle) * 2**14)
    sin[:, : len(pairs)] = np.rint(np.sin(angle) * 2**14)
    return cos, sin


def rope(x: np.ndarray, cos: np.ndarray, sin: np.ndarray) -> np.ndarray:
    """Turn heads, FX [tokens, heads, head_dim], by the table rows of their positions [tokens, head_dim/2]."""
    x0, x1 = x[..., 0::2], x[..., 1::2]
    cos, sin = cos[:, None], sin[:, None]
    out = np.empty_like(x)
    out[..., 0::2] = sat32(rsr(x0 * cos - x1 * sin, 14))
    out[..., 1::2] = sat32(rsr(x0 * sin + x1 * cos, 14))
    return out
