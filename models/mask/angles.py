# SPDX-License-Identifier: Apache-2.0
"""The table of RoPE as a mask holds it, from the formula of docs/formats.md ("rope").

The golden model has a function of its own for the same table, written from the same page (``models.golden.rope``); a
test holds one against the other. They share no code, so a wrong table in a mask is a divergence in simulation.
"""

import numpy as np

from models.die.shape import Shape

ONE = 1 << 14  # 1.0


def table(shape: Shape, depth: int) -> np.ndarray:
    """Words {sin, cos}, 14 fraction bits and 16 bits each, of every position and pair: uint32 [depth, head_dim/2]."""
    turning = shape.rope_dim // 2
    frequency = shape.rope_base ** (np.arange(0, -2 * turning, -2) / shape.rope_dim)
    angle = np.multiply.outer(np.arange(depth), frequency)
    if shape.rope_factors:
        angle /= shape.rope_factors
    words = np.full((depth, shape.head_dim // 2), ONE, dtype=np.uint32)  # a pair that does not turn: sin 0, cos 1
    words[:, :turning] = _half_word(np.sin(angle)) << 16 | _half_word(np.cos(angle))
    return words


def _half_word(value: np.ndarray) -> np.ndarray:
    """Values of -1 to 1 as signed 16 bits, half to even, in a uint32."""
    return np.rint(value * ONE).astype(np.int16).view(np.uint16).astype(np.uint32)
