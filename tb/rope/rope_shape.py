# SPDX-License-Identifier: Apache-2.0
"""The geometries of the rope bench: (shape, positions, beats of q and k, beats)."""

from models.die.shape import Shape


def _shape(heads: int, kv_heads: int, head_dim: int, rope_dim: int, factors: tuple[float, ...] = ()) -> Shape:
    sizes = {"layers": 1, "d_model": 64, "d_ffn": 32, "vocab": 32, "eps": 1e-5}
    angles = {"rope_base": 1e4, "rope_dim": rope_dim, "rope_factors": factors}
    return Shape(heads=heads, kv_heads=kv_heads, head_dim=head_dim, **sizes, **angles)


CASES = {
    "two_heads_a_beat": (_shape(4, 2, 16, 16), 32, 3, 4),
    "two_beats_a_head": (_shape(2, 1, 64, 64), 24, 6, 8),
    "partly_turned": (_shape(2, 1, 32, 16, tuple(1 + i / 2 for i in range(8))), 20, 3, 4),
}
