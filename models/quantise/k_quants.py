# SPDX-License-Identifier: Apache-2.0
"""K-quants, rounded to nearest, in the mixes of llama.cpp: what tests and benches have their checkpoints from.

A span's step and lowest value follow from its extremes, and become integers times a super-block's d and m. Nothing is
searched for, as a quantiser for models that have to be good would.
"""

import os
import tempfile
from pathlib import Path

import gguf
import numpy as np
from tqdm import tqdm

from models.checkpoint.checkpoint import HEAD, Checkpoint
from models.checkpoint.quantised import K_KINDS, KINDS, SUPERBLOCK, Quantised
from models.errors import InputError
from models.quantise.rewrite import rewrite

LARGEST = {"Q2_K": 15, "Q3_K": 31, "Q4_K": 63, "Q5_K": 63, "Q6_K": 127}  # integers of a span

MIXES = {  # after llama.cpp's quantiser: the kind of most matrices, and of some instead; ``k_mix``
    "Q2_K": ("Q2_K", {"attn_v": "Q4_K", "ffn_down": "Q3_K", "attn_output": "Q3_K", "output": "Q6_K"}),
    "Q3_K_M": ("Q3_K", {"attn_v": "Q5_K", "ffn_down": "Q4_K", "attn_output": "Q4_K", "output": "Q6_K"}),
    "Q4_K_M": ("Q4_K", {"more attn_v": "Q6_K", "more ffn_down": "Q6_K", "output": "Q6_K"}),
    "Q5_K_M": ("Q5_K", {"more attn_v": "Q6_K", "more ffn_down": "Q6_K", "output": "Q6_K"}),
    "Q6_K": ("Q6_K", {}),
    "Q4_0": ("Q4_0", {"output": "Q6_K"}),
    "Q4_1": ("Q4_1", {"output": "Q6_K"}),
}
FALLBACK = {"Q2_K": "Q4_0", "Q3_K": "Q4_0", "Q4_K": "Q5_0", "Q5_K": "Q5_1", "Q6_K": "Q8_0"}  # of widths not of 256s


def k_mix(name: str, layers: int, *, tied: bool = True) -> dict[str, str]:
    """The kind of every tensor in one of MIXES: by role (``attn_q``), and by whole names where layers differ.

    Of Q4_K_M and Q5_K_M, v and down have more bits in the first and the last eighth of the layers and in every third
    between. An embedding that is the output too has the output's kind.
    """
    most, others = MIXES[name]
    roles = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down", "token_embd", "output")
    kinds = dict.fromkeys(roles, most) | {role: kind for role, kind in others.items() if not role.startswith("more ")}
    eighth = layers // 8
    more = [n for n in range(layers) if n < eighth or n >= 7 * layers // 8 or (n - eighth) % 3 == 2]
    for role, kind in others.items():
        if role.startswith("more "):
            kinds |= {f"blk.{n}.{role[5:]}.weight": kind for n in more}
    return kinds | ({"token_embd": kinds["output"]} if tied else {})


def remake(ckpt: Checkpoint, mix: str, out: Path) -> Path:
    """Write a checkpoint anew in one of MIXES; the file appears in one step. InputError if writing fails.

    A matrix whose inputs are no multiple of 256 takes what llama.cpp falls back to (but Q4_0 in place of IQ4_NL).
    """
    kinds = k_mix(mix, ckpt.shape.layers, tied=HEAD not in ckpt.tensors)
    tensors = {}
    for name in tqdm(ckpt.tensors, "quantising", unit="matrix", disable=None):
        weights = ckpt.weights(name)
        kind = kinds.get(name) or kinds[name.removesuffix(".weight").split(".")[-1]]
        if kind in FALLBACK and weights.shape[1] % SUPERBLOCK:
            kind = FALLBACK[kind]
        if kind in K_KINDS:
            tensors[name] = quantise(weights, kind)
        else:
            raw = gguf.quants.quantize(weights, gguf.GGMLQuantizationType[kind])
            tensors[name] = Quantised.from_bytes(kind, raw, *weights.shape)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent) as scratch:
            file = Path(scratch, out.name)
            rewrite(ckpt.path, file, tensors)
            os.replace(file, out)
    except OSError as error:
        raise InputError(f"cannot write: {error.strerror}", str(out), "free or name another place") from None
    return out


def quantise(weights: np.ndarray, kind: str) -> Quantised:
    """Weights float32 [out, in], ``in`` a multiple of 256, as a matrix of one of LARGEST."""
    k, out = KINDS[kind], len(weights)
    w = weights.reshape(out, -1, SUPERBLOCK // k.span, k.span).astype(np.float64)  # [out, super-block, span, input]
    low, high = w.min(axis=-1), w.max(axis=-1)
    if k.zero is None:
        low = np.minimum(low, 0)
        d, s = _scaled((high - low) / ((1 << k.bits) - 1), LARGEST[kind])
        m, n = _scaled(low, LARGEST[kind])
    else:  # the value that is farthest from 0 gets the lowest code
        d, s = _scaled(np.where(-low > high, low, high) / -k.zero, LARGEST[kind])
        m, n = d * np.float16(-k.zero), s
    step, first = (word.astype(np.float64)[..., None] * number for word, number in ((d, s), (m, n)))
    codes = (w - first[..., None]) / np.where(step, step, 1)[..., None]
    q = np.rint(codes).clip(0, (1 << k.bits) - 1).astype(np.uint8).reshape(weights.shape)
    return Quantised(kind, q, d.view(np.uint16), m.view(np.uint16), s.reshape(out, -1), n.reshape(out, -1))


def _scaled(values: np.ndarray, largest: int) -> tuple[np.ndarray, np.ndarray]:
    """Values [out, super-block, span] as binary16 words [out, super-block] times integers of at most ``largest``.

    The word has the sign of most of the values: integers of values that all have one sign are not negative.
    """
    sign = np.where(values.sum(axis=-1) < 0, -1, 1)
    words = (sign * np.abs(values).max(axis=-1) / largest).astype(np.float16)
    unit = words.astype(np.float64)[..., None]
    return words, np.rint(values / np.where(unit, unit, 1)).clip(-largest, largest).astype(np.int8)
