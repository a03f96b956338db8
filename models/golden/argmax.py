# SPDX-License-Identifier: Apache-2.0
"""Greedy choice."""

import numpy as np


def argmax(logits: np.ndarray) -> np.ndarray:
    """Lowest index among the largest logits, [..., vocab] -> [...]."""
    return np.argmax(logits, axis=-1)
