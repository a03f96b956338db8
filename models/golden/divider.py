# SPDX-License-Identifier: Apache-2.0
"""Reciprocal of the softmax sum."""

import numpy as np


def divider(total: np.ndarray) -> np.ndarray:
    """``floor(2^44 / total)`` of positive integers."""
    return (np.int64(1) << 44) // total
