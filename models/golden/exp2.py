# SPDX-License-Identifier: Apache-2.0
"""Negative powers of two by a table of 64 steps an octave and linear interpolation."""

import numpy as np

TABLE = np.rint(2.0 ** (16 - np.arange(65) / 64)).astype(np.int64)


def exp2(dlt: np.ndarray) -> np.ndarray:
    """``2^-dlt``: unsigned with 12 fraction bits -> 20 fraction bits (2^20 at 0)."""
    j, low = dlt >> 6 & 63, dlt & 63
    v = TABLE[j] - ((TABLE[j] - TABLE[j + 1]) * low + 32 >> 6)
    return v << 4 >> np.minimum(dlt >> 12, 31)  # v << 4 has 21 bits: a shift of 31 leaves 0, as any longer one does
