# SPDX-License-Identifier: Apache-2.0
"""K-quants, rounded to nearest, in the files of llama.cpp: what tests and benches have their checkpoints from.

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
from models.quantise import llama_mix
from models.quantise.rewrite import rewrite

LARGEST = {"Q2_K": 15, "Q3_K": 31, "Q4_K": 63, "Q5_K": 63, "Q6_K": 127}  # integers of a span


def remake(ckpt: Checkpoint, file: str, out: Path) -> Path:
    """Write a checkpoint anew as a file of ``llama_mix.FILES`` that has K-kinds and those that the gguf library makes.

    It appears in one step. InputError if writing fails.
    """
    gqa = ckpt.shape.heads // ckpt.shape.kv_heads
    kinds = llama_mix.kinds(file, ckpt.shape.layers, gqa=gqa, tied=HEAD not in ckpt.tensors)
    tensors = {}
    for name in tqdm(ckpt.tensors, "quantising", unit="matrix", disable=None):
        weights = ckpt.weights(name)
        kind = llama_mix.fitted(kinds[name], weights.shape[1])
        if kind in K_KINDS:
            tensors[name] = quantise(weights, kind)
        else:
            raw = gguf.quants.quantize(weights, gguf.GGMLQuantizationType[kind])
            tensors[name] = Quantised.from_bytes(kind, raw, *weights.shape)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent) as scratch:
            made = Path(scratch, out.name)
            rewrite(ckpt.path, made, tensors)
            os.replace(made, out)
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
