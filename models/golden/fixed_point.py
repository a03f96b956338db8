# SPDX-License-Identifier: Apache-2.0
"""Fixed-point primitives. FX values are int64 arrays that hold signed 32-bit numbers with 16 fraction bits."""

import numpy as np

FX_ONE = 1 << 16  # 1.0 in FX


def rsr(v, r):
    """Round half up: ``floor((v + 2^(r-1)) / 2^r)``, and ``v`` for ``r == 0``. int64 arrays or Python integers."""
    one = np.int64(1) if isinstance(r, np.ndarray) else 1
    return (v + ((one << r) >> 1)) >> r


def saturate(v: np.ndarray, width: int) -> np.ndarray:
    """Clamp to the range of a signed number of ``width`` bits."""
    return np.minimum(np.maximum(v, -(1 << (width - 1))), (1 << (width - 1)) - 1)


def sat32(v: np.ndarray) -> np.ndarray:
    """Clamp to signed 32 bits."""
    return saturate(v, 32)


def sat24(v: np.ndarray) -> np.ndarray:
    """Clamp to signed 24 bits."""
    return saturate(v, 24)


def blen(x: np.ndarray) -> np.ndarray:
    """Bit length (0..31) of the OR of ``x < 0 ? ~x : x`` along the last axis of FX values [..., n] -> [...]."""
    # The largest of non-negative numbers has the bit length of their OR; frexp's exponent is that length.
    return np.frexp((x ^ (x >> 63)).max(axis=-1).astype(np.float64))[1].astype(np.int64)


def quantise(x: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Block floating point of FX values [..., n]: mantissas of ``width`` bits [..., n] and one shift each [...]."""
    shift = np.maximum(blen(x) - (width - 1), 0)
    return np.minimum(rsr(x, shift[..., None]), (1 << (width - 1)) - 1), shift


def scaled_half(words: np.ndarray) -> np.ndarray:
    """binary16 words (uint16) times 2^24: float64 that hold exact integers (of less than 2^41)."""
    return words.view(np.float16).astype(np.float64) * 2.0**24
