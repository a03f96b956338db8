# SPDX-License-Identifier: Apache-2.0
"""Grouped-query attention over quantised keys and values (Ainslie et al., "GQA", 2023), in one pass over the positions:
division comes last (Nayak et al., "FuseMax", 2024)."""

import numpy as np

from models.golden.fixed_point import quantise, rsr, sat24, sat32
from models.golden.softmax import UNSEEN, below, framed, frames, octaves, reciprocal, weights


def scores(q: np.ndarray, k: np.ndarray, k_shift: np.ndarray, act_w: int, kv_w: int, constant: int) -> np.ndarray:
    """Queries FX [tokens, heads, head_dim], key mantissas [kv_heads, n, head_dim] and shifts [kv_heads, n] of ``kv_w``
    bits, SC of docs/formats.md -> scores of 24 bits, 12 fraction bits, int64 [kv_heads, heads/kv_heads, tokens, n].
    """
    tokens, heads, head_dim = q.shape
    kv_heads, n, _ = k.shape
    grouped = (kv_heads, heads // kv_heads, tokens)
    mq, q_shift = quantise(q.transpose(1, 0, 2), act_w)
    # Products of act_w + kv_w - 2 <= 26 bits, head_dim of them: exact in float64.
    dot = mq.reshape(kv_heads, -1, head_dim).astype(np.float64) @ k.transpose(0, 2, 1)
    dot = dot.astype(np.int64).reshape(*grouped, n)
    right = (64 - act_w - kv_w) - q_shift.reshape(*grouped, 1) - k_shift[:, None, None]
    return sat24(rsr(dot * constant << (28 - act_w - kv_w), right))


def attention(
    q: np.ndarray, kv: tuple[np.ndarray, ...], first: int, act_w: int, kv_w: int, constant: int
) -> tuple[np.ndarray, np.ndarray]:
    """Attend from the tokens at positions ``first`` on, each to the positions up to its own.

    Args:
        q: queries after RoPE, FX [tokens, heads, head_dim].
        kv: (k, k_shift, v, v_shift) as ``KvSram.read(first + tokens)`` gives them.
        first: position of the first token.
        act_w, kv_w: mantissa widths.
        constant: SC of docs/formats.md.

    Returns:
        Weights with 20 fraction bits, position major, [tokens, first + tokens, heads] (0 after a token's own position),
        and the output, FX [tokens, heads, head_dim].
    """
    tokens, heads, head_dim = q.shape
    k, k_shift, v, v_shift = kv
    kv_heads, n, _ = k.shape
    s = scores(q, k, k_shift, act_w, kv_w, constant).reshape(kv_heads, -1, n)
    seen = np.arange(n) <= first + np.arange(tokens)[:, None]
    reach = np.where(np.tile(seen, (heads // kv_heads, 1)), octaves(s), UNSEEN)
    lifted = reach + v_shift[:, None]
    frame, value_frame = frames(reach), frames(lifted)
    weight, value_weight = weights(s, [below(reach, frame), below(lifted, value_frame)])
    value_weight = value_weight.astype(np.float64)
    total = framed(lambda at: weight[..., at].sum(axis=-1, keepdims=True, dtype=np.float64), frame)
    mixed = framed(lambda at: value_weight[..., at] @ v[:, at], value_frame)
    r, b = reciprocal(total)
    places = b + 9 - (value_frame - frame)[..., -1:]
    out = sat32(rsr((mixed.astype(np.int64) >> 6) * r, places)).reshape(heads, tokens, head_dim)
    return weight.reshape(heads, tokens, n).transpose(1, 2, 0), out.transpose(1, 0, 2)
