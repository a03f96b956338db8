# SPDX-License-Identifier: Apache-2.0
"""Gated linear unit with SiLU (Shazeer, "GLU Variants Improve Transformer", 2020)."""

import numpy as np

from models.golden.fixed_point import rsr, sat32
from models.golden.sigmoid import sigmoid


def swiglu(gate: np.ndarray, up: np.ndarray) -> np.ndarray:
    """``silu(gate) * up``, FX."""
    return sat32(rsr(rsr(gate * sigmoid(gate), 16) * up, 16))
