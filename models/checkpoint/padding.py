# SPDX-License-Identifier: Apache-2.0
"""Models whose widths are no multiple of 32, on a die whose streams carry 32 values a beat.

An FFN gets columns whose weights are all zero: they give 0 and add nothing. Heads of keys and values that fill no beat
stand on the die several times, each for a part of the query heads that share them. Neither changes a value.
"""

from dataclasses import replace
from math import gcd

import gguf
import numpy as np

from models.die.shape import GROUP, Shape


def widened(stated: Shape) -> Shape:
    """The shape on a die of a model whose checkpoint states another; the same where nothing need be wider."""
    copies = GROUP // gcd(GROUP, stated.d_kv)
    kv_heads = stated.kv_heads * (copies if stated.heads % (stated.kv_heads * copies) == 0 else 1)
    return replace(stated, d_ffn=-(-stated.d_ffn // GROUP) * GROUP, kv_heads=kv_heads)


def fitted(tensor: gguf.ReaderTensor, stated: Shape, shape: Shape) -> gguf.ReaderTensor:
    """A matrix of the checkpoint as the die has it: zeros are added, or rows stand several times."""
    data, role = tensor.data, tensor.name.rsplit(".", 2)[-2]
    if role in ("ffn_gate", "ffn_up") and shape.d_ffn != stated.d_ffn:
        data = np.pad(data, ((0, shape.d_ffn - stated.d_ffn), (0, 0)))  # a block of zero bytes is zeros in every type
    elif role == "ffn_down" and stated.d_ffn % GROUP:  # stored in floats: every other type has blocks of 32 at least
        data = np.pad(data, ((0, 0), (0, data.shape[1] // stated.d_ffn * (shape.d_ffn - stated.d_ffn))))
    elif role in ("attn_k", "attn_v") and shape.kv_heads != stated.kv_heads:
        heads = data.reshape(stated.kv_heads, stated.head_dim, -1)
        data = np.repeat(heads, shape.kv_heads // stated.kv_heads, axis=0).reshape(shape.d_kv, -1)
    else:
        return tensor
    bytes_or_values = tensor.data.shape[1] / int(tensor.shape[0])
    size = [round(data.shape[1] / bytes_or_values), len(data)]
    return tensor._replace(
        shape=np.array(size, dtype=np.uint64), data=data, n_elements=size[0] * size[1], n_bytes=data.nbytes
    )
