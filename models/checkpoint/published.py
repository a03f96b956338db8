# SPDX-License-Identifier: Apache-2.0
"""Checkpoints of a published shape with seeded random weights: the size of a real model without its weights.

What such a model says means nothing; that its RTL and its golden model agree on every value means everything. Tensors
are drawn and written one at a time, so that memory never holds more than one, and each from a seed of its own: a
checkpoint of the first layers only has the same values in them.
"""

import math
import os
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import gguf
import numpy as np
from gguf import GGMLQuantizationType, GGUFWriter
from tqdm import tqdm

from models.checkpoint import tiny
from models.die.shape import Shape
from models.errors import InputError

QUANTISED = GGMLQuantizationType.Q4_0
GROUP, BLOCK_BYTES = gguf.GGML_QUANT_SIZES[QUANTISED]
SPARE = 64 << 20  # bytes a disk keeps beside a checkpoint: vocabulary, directories
PIECE = 1 << 24  # weights drawn at once
CODES = math.sqrt((16**2 - 1) / 12)  # standard deviation of codes of 4 bits
TOKEN = 0.15  # and of the embedding's values


@dataclass(frozen=True)
class Published:
    """A decoder as its makers publish it: its name here, and its dimensions."""

    name: str
    shape: Shape

    def matrices(self, layers: int) -> Iterator[tuple[str, int, int]]:
        """Name, outputs and inputs of every matrix of a checkpoint that has so many layers."""
        yield "token_embd", self.shape.vocab, self.shape.d_model
        yield "output", self.shape.vocab, self.shape.d_model
        for layer in range(layers):
            for part, out, inputs in (
                ("attn_q", self.shape.d_q, self.shape.d_model),
                ("attn_k", self.shape.d_kv, self.shape.d_model),
                ("attn_v", self.shape.d_kv, self.shape.d_model),
                ("attn_output", self.shape.d_model, self.shape.d_q),
                ("ffn_gate", self.shape.d_ffn, self.shape.d_model),
                ("ffn_up", self.shape.d_ffn, self.shape.d_model),
                ("ffn_down", self.shape.d_model, self.shape.d_ffn),
            ):
                yield f"blk.{layer}.{part}", out, inputs

    def norms(self, layers: int) -> list[str]:
        """Names of the norms of a checkpoint that has so many layers."""
        return ["output_norm", *(f"blk.{n}.{norm}" for n in range(layers) for norm in ("attn_norm", "ffn_norm"))]

    def bytes(self, layers: int) -> int:
        """Size of the matrices on file."""
        return sum(out * inputs // GROUP * BLOCK_BYTES for _, out, inputs in self.matrices(layers))


def _llama3_factors(head_dim: int, base: float, factor: float, low: float, high: float, context: int) -> tuple:
    """Divisors of the frequencies for a longer context, as Llama 3.1 has them (its ``rope_scaling`` of type llama3).

    Wavelengths over ``context / low`` are stretched by ``factor``, those below ``context / high`` stay.
    """
    factors = []
    for pair in range(head_dim // 2):
        turns = context / (2 * math.pi * base ** (2 * pair / head_dim))  # in the context that the model first had
        smooth = min(1.0, max(0.0, (turns - low) / (high - low)))
        factors.append(1 / ((1 - smooth) / factor + smooth))
    return tuple(factors)


LLAMA_3_1_8B = Published(
    "llama-3.1-8b-shape",
    Shape(
        layers=32,
        d_model=4096,
        heads=32,
        kv_heads=8,
        head_dim=128,
        d_ffn=14336,
        vocab=128256,
        eps=1e-5,
        rope_base=500000.0,
        rope_dim=128,
        rope_factors=_llama3_factors(128, 500000.0, factor=8, low=1, high=4, context=8192),
    ),
)

SHAPES = {one.name: one for one in (LLAMA_3_1_8B,)}


def fetch(model: Published, layers: int | None, folder: Path) -> Path:
    """The checkpoint of a shape's first ``layers`` layers (None: all) in ``folder``; made unless it is there.

    InputError for layers that it does not have, or a disk without room.
    """
    if layers is not None and not 1 <= layers <= model.shape.layers:
        raise InputError(f"{layers} layers of {model.name}", "LAYERS", f"choose 1 to {model.shape.layers}")
    layers = layers or model.shape.layers
    return write(folder / f"{model.name}.{layers}.gguf", model, layers)


def write(path: Path, model: Published, layers: int, seed: int = 1) -> Path:
    """Write the first ``layers`` layers of a published shape in Q4_0 to ``path``; kept if it is there.

    The file appears in one step. InputError if the disk has no room for it.
    """
    if path.is_file():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    need, free = model.bytes(layers) + SPARE, shutil.disk_usage(path.parent).free
    if need > free:
        what = f"{model.name} of {layers} layers takes {need / 1e9:.1f} GB, {free / 1e9:.1f} GB are free"
        raise InputError(what, str(path.parent), "free some, or ask for fewer layers with LAYERS")
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        file = Path(scratch) / path.name
        writer = GGUFWriter(file, "llama")
        _describe(writer, model, layers, seed)
        matrices, norms = list(model.matrices(layers)), model.norms(layers)
        for name, out, inputs in matrices:
            stored = (out, inputs // GROUP * BLOCK_BYTES)
            writer.add_tensor_info(f"{name}.weight", stored, np.dtype(np.uint8), math.prod(stored), QUANTISED)
        for name in norms:
            writer.add_tensor_info(
                f"{name}.weight", (model.shape.d_model,), np.dtype(np.float32), 4 * model.shape.d_model
            )
        half = model.shape.head_dim // 2
        writer.add_tensor_info("rope_freqs.weight", (half,), np.dtype(np.float32), 4 * half)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        for name, out, inputs in tqdm(matrices, desc=f"drawing {model.name}", unit="matrix", disable=None):
            deviation = TOKEN if name == "token_embd" else 1 / math.sqrt(inputs)  # a unit input stays one
            writer.write_tensor_data(_matrix(_draws(seed, name), out, inputs, deviation))
        for name in norms:
            writer.write_tensor_data(_draws(seed, name).uniform(0.5, 1.5, model.shape.d_model).astype(np.float32))
        writer.write_tensor_data(np.array(model.shape.rope_factors, dtype=np.float32))
        writer.close()
        os.replace(file, path)
    return path


def _draws(seed: int, name: str) -> np.random.Generator:
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def _matrix(draws: np.random.Generator, out: int, inputs: int, deviation: float) -> np.ndarray:
    """Random Q4_0 blocks, uint8 [out, bytes]: codes of all values, weights of about this standard deviation."""
    spread = deviation / CODES
    blocks = np.empty((out * inputs // GROUP, BLOCK_BYTES), dtype=np.uint8)
    step = PIECE // GROUP
    for start in range(0, len(blocks), step):
        part = blocks[start : start + step]
        d = draws.uniform(0.5, 1.5, len(part)) * draws.choice((-spread, spread), len(part))
        part[:, :2] = d.astype("<f2")[:, None].view(np.uint8)
        part[:, 2:] = np.frombuffer(draws.bytes(part[:, 2:].size), dtype=np.uint8).reshape(len(part), -1)
    return blocks.reshape(out, -1)


def _describe(writer: GGUFWriter, model: Published, layers: int, seed: int) -> None:
    """The metadata, with a tokenizer of plain text: the shape's own vocabulary is not ours to give."""
    writer.add_name(f"random weights of the shape {model.name}, {layers} layers, seed {seed}")
    writer.add_block_count(layers)
    writer.add_context_length(131072)
    writer.add_embedding_length(model.shape.d_model)
    writer.add_feed_forward_length(model.shape.d_ffn)
    writer.add_head_count(model.shape.heads)
    writer.add_head_count_kv(model.shape.kv_heads)
    writer.add_key_length(model.shape.head_dim)
    writer.add_value_length(model.shape.head_dim)
    writer.add_rope_dimension_count(model.shape.head_dim)
    writer.add_rope_freq_base(model.shape.rope_base)
    writer.add_layer_norm_rms_eps(model.shape.eps)
    tiny.add_tokenizer(writer, model.shape.vocab)
