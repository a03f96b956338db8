# SPDX-License-Identifier: Apache-2.0
"""Negative powers of two by a table of 64 steps an octave and linear interpolation."""

import numpy as np


def _interpolated(part: np.ndarray) -> np.ndarray:
    table = np.rint(2.0 ** (16 - np.arange(65) / 64)).astype(np.int64)
    j, low = part >> 6, part & 63
    return table[j] - ((table[j] - table[j + 1]) * low + 32 >> 6)


FRACTION = _interpolated(np.arange(1 << 12))  # of 2^-f, f a part of an octave in 12 bits: 16 fraction bits (2^16 at 0)


def exp2(dlt: np.ndarray) -> np.ndarray:
    """``2^-dlt``: unsigned with 12 fraction bits -> 20 fraction bits (2^20 at 0)."""
    # A fraction's 17 bits, moved up by 4, have 21: a shift of 31 leaves 0, as any longer one does.
    return FRACTION[dlt & 4095] << 4 >> np.minimum(dlt >> 12, 31)
