# SPDX-License-Identifier: Apache-2.0
"""The shape of a model of which a norm's bench needs the width and the epsilon only."""

from models.die.shape import Shape


def shape_of(n: int, eps: float) -> Shape:
    """A shape with d_model = n."""
    heads = {"heads": 1, "kv_heads": 1, "head_dim": 32, "rope_base": 1e4, "rope_dim": 32}
    return Shape(layers=1, d_model=n, d_ffn=32, vocab=32, eps=eps, **heads)
