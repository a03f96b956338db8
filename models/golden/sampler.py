# SPDX-License-Identifier: Apache-2.0
"""Choice of a token: the largest logit, or one of the largest by temperature and a counter-based generator."""

import math
from dataclasses import dataclass

import numpy as np

from models.golden.argmax import argmax
from models.golden.exp2 import exp2
from models.golden.fixed_point import rsr

BETA_W = 24
FARTHEST = (1 << 25) - 1  # what exp2 takes


def beta(temperature: float) -> int:
    """BETA of docs/formats.md: log2(e) / temperature with 16 fraction bits, in the range of its register."""
    return min(max(round(math.log2(math.e) / temperature * 2**16), 1), (1 << BETA_W) - 1)


@dataclass(frozen=True)
class Sampling:
    """How a slot chooses: among the ``top_k`` largest logits (0 and 1: the largest), by BETA and a 32-bit seed."""

    top_k: int = 1
    beta: int = beta(1.0)
    seed: int = 0


GREEDY = Sampling()


def lowbias32(x: int) -> int:
    """Hash of 32 bits (Wellons, "Prospecting for hash functions", 2018)."""
    x ^= x >> 16
    x = x * 0x7FEB352D & 0xFFFFFFFF
    x ^= x >> 15
    x = x * 0x846CA68B & 0xFFFFFFFF
    return x ^ x >> 16


def sampler(logits: np.ndarray, pos: int, sampling: Sampling) -> int:
    """The token that follows the one at position ``pos``, whose logits are FX [vocab]."""
    if sampling.top_k <= 1:
        return int(argmax(logits))
    order = np.argsort(-logits, kind="stable")[: sampling.top_k]
    best = logits[order]
    e = exp2(np.minimum(rsr((best[0] - best) * sampling.beta, 20), FARTHEST))  # products of up to 56 bits
    total = np.cumsum(e)
    h = lowbias32((sampling.seed + pos * 0x9E3779B9) & 0xFFFFFFFF)
    return int(order[np.argmax(total > h * int(total[-1]) >> 32)])
