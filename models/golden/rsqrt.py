# SPDX-License-Identifier: Apache-2.0
"""Reciprocal square root of a block-normalised sum of squares."""

import math


def rsqrt(u: int) -> tuple[int, int]:
    """u in [1, 2^48) -> (r, k): ``u << 2k`` in [2^46, 2^48), ``r = isqrt(floor(2^82 / (u << 2k)))`` in [2^17, 2^18]."""
    k = (48 - u.bit_length()) // 2
    return math.isqrt((1 << 82) // (u << 2 * k)), k
