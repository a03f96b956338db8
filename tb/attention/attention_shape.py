# SPDX-License-Identifier: Apache-2.0
"""The geometries of the attention bench."""

from models.die.shape import Shape

SLOTS, DEPTH = 3, 19  # two octets of positions, and some


def _shape(heads: int, kv_heads: int, head_dim: int) -> Shape:
    rest = {"layers": 1, "d_model": 64, "d_ffn": 32, "vocab": 32, "eps": 1e-5, "rope_base": 1e4, "rope_dim": head_dim}
    return Shape(heads=heads, kv_heads=kv_heads, head_dim=head_dim, **rest)


CASES = {
    "small": _shape(2, 1, 16),
    "two_shared": _shape(4, 2, 16),
    "three_a_head": _shape(6, 2, 16),
    "one_each": _shape(2, 2, 32),
    "long": _shape(2, 1, 64),
    "ragged": _shape(4, 4, 24),
    "wide": _shape(6, 2, 64),  # more beats out than its last stages hold: they have to wait
}
POSITIONS = {  # a clock
    "small": 2,
    "two_shared": 1,
    "three_a_head": 4,
    "one_each": 2,
    "long": 4,
    "ragged": 1,
    "wide": 1,
}
