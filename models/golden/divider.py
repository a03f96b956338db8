# SPDX-License-Identifier: Apache-2.0
"""Reciprocal of the softmax sum."""

import numpy as np


def divider(total: np.ndarray) -> np.ndarray:
    """``floor(2^35 / total)`` of integers of more than 2^19, at most 2^20: 16 bits."""
    return (np.int64(1) << 35) // total
