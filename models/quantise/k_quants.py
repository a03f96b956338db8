# SPDX-License-Identifier: Apache-2.0
"""K-quants, rounded to nearest: what tests and benches have their matrices from.

A span's step and lowest value follow from its extremes, and become integers times a super-block's d and m. Nothing is
searched for, as a quantiser for models that have to be good would.
"""

import numpy as np

from models.checkpoint.quantised import KINDS, SUPERBLOCK, Quantised

LARGEST = {"Q2_K": 15, "Q3_K": 31, "Q4_K": 63, "Q5_K": 63, "Q6_K": 127}  # integers of a span


def quantise(weights: np.ndarray, kind: str) -> Quantised:
    """Weights float32 [out, in], ``in`` a multiple of 256, as a matrix of one of LARGEST."""
    k, out = KINDS[kind], len(weights)
    w = weights.reshape(out, -1, SUPERBLOCK // k.span, k.span).astype(np.float64)  # [out, super-block, span, input]
    low, high = w.min(axis=-1), w.max(axis=-1)
    if k.zero is None:
        low = np.minimum(low, 0)
        d, s = scaled((high - low) / ((1 << k.bits) - 1), LARGEST[kind])
        m, n = scaled(low, LARGEST[kind])
    else:  # the value that is farthest from 0 gets the lowest code
        d, s = scaled(np.where(-low > high, low, high) / -k.zero, LARGEST[kind])
        m, n = d * np.float16(-k.zero), s
    step, first = (word.astype(np.float64)[..., None] * number for word, number in ((d, s), (m, n)))
    codes = (w - first[..., None]) / np.where(step, step, 1)[..., None]
    q = np.rint(codes).clip(0, (1 << k.bits) - 1).astype(np.uint8).reshape(weights.shape)
    return Quantised(kind, q, d.view(np.uint16), m.view(np.uint16), s.reshape(out, -1), n.reshape(out, -1))


def scaled(values: np.ndarray, largest: int) -> tuple[np.ndarray, np.ndarray]:
    """Values [out, super-block, span] as binary16 words [out, super-block] times integers of at most ``largest``.

    The word has the sign of most of the values: integers of values that all have one sign are not negative.
    """
    sign = np.where(values.sum(axis=-1) < 0, -1, 1)
    words = (sign * np.abs(values).max(axis=-1) / largest).astype(np.float16)
    unit = words.astype(np.float64)[..., None]
    return words, np.rint(values / np.where(unit, unit, 1)).clip(-largest, largest).astype(np.int8)
