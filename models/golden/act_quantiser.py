# SPDX-License-Identifier: Apache-2.0
"""Activation quantiser: FX values in front of a matrix to groups with one shift each."""

import numpy as np

from models.die.shape import GROUP
from models.golden.fixed_point import quantise


def act_quantiser(x: np.ndarray, act_w: int) -> tuple[np.ndarray, np.ndarray]:
    """FX [..., n] -> mantissas [..., n/32, 32] of ``act_w`` bits, shifts [..., n/32]."""
    return quantise(x.reshape(*x.shape[:-1], -1, GROUP), act_w)
