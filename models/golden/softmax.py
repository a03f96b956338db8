# SPDX-License-Identifier: Apache-2.0
"""Base-2 softmax."""

import numpy as np

from models.golden.divider import divider
from models.golden.exp2 import exp2
from models.golden.fixed_point import rsr


def softmax(scores: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Scores [..., n] (24 bits, 12 fraction bits) where ``seen`` (bool, broadcast) -> probabilities, 20 fraction bits.

    Every vector needs a seen score. What is not seen gets 0.
    """
    scores = np.where(seen, scores, -(1 << 23))
    e = np.where(seen, exp2(scores.max(axis=-1, keepdims=True) - scores), 0)
    return rsr(e * divider(e.sum(axis=-1, keepdims=True)), 24)
