# SPDX-License-Identifier: Apache-2.0
"""Frequencies of RoPE for longer contexts, as divisors of the plain ones, and what YaRN does to the scores."""

import math

import numpy as np

BETA_FAST, BETA_SLOW = 32.0, 1.0  # turns over the original context between which YaRN goes from one to the other


def yarn(
    dims: int, base: float, factor: float, context: float, fast: float = BETA_FAST, slow: float = BETA_SLOW
) -> np.ndarray:
    """Divisors of YaRN (Peng et al., arXiv:2309.00071), float64 [dims/2]: 1 for fast pairs, ``factor`` for slow ones.

    ``context`` are the positions that the model was trained on. The rounding of the range is llama.cpp's.
    """

    def pair(turns: float) -> float:
        return dims * math.log(context / (turns * 2 * math.pi)) / (2 * math.log(base))

    low, high = max(0, math.floor(pair(fast))), min(dims - 1, math.ceil(pair(slow)))
    slowness = np.clip((np.arange(dims // 2) - low) / max(0.001, high - low), 0, 1)
    return 1 / (slowness / factor + 1 - slowness)


def yarn_attention(factor: float) -> float:
    """What YaRN multiplies queries and keys with."""
    return 1 + 0.1 * math.log(factor)


def llama3(dims: int, base: float, factor: float, context: float, low: float, high: float) -> np.ndarray:
    """Divisors of Llama 3.1 and 3.2, float64 [dims/2]; ``low`` and ``high`` are turns over the original context."""
    turns = context / (2 * math.pi * base ** (np.arange(0, dims, 2) / dims))
    smooth = np.clip((turns - low) / (high - low), 0, 1)
    return 1 / ((1 - smooth) / factor + smooth)
