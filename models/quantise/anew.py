# SPDX-License-Identifier: Apache-2.0
"""A checkpoint anew: its matrices in other kinds, each quantised for the inputs that those before it give."""

import json
import os
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import gguf
import numpy as np
from gguf import GGUFValueType
from tqdm import tqdm

from models.checkpoint import checkpoint, prose
from models.checkpoint.checkpoint import EMBEDDING, HEAD, PARTS, ROPE_FREQS, WEIGHT_BITS, Checkpoint
from models.checkpoint.quantised import K_KINDS, Quantised
from models.checkpoint.tokenizer import Tokenizer
from models.errors import InputError
from models.quantise import gptq, k_quants, llama_mix
from models.quantise.calibration import Calibration
from models.reference import Reference, surprise

TEXTS = ("asyoulik.txt", "lcet10.txt", "plrabn12.txt")  # not what models.quality reads
WINDOW = 512  # tokens
WINDOWS, PROBES = 12, 2  # of each text: to calibrate with, and between those to measure perplexity
FILE_TYPE, VERSION = "general.file_type", "general.quantization_version"
DROPPED = ("split.", "general.architecture", WEIGHT_BITS, FILE_TYPE, VERSION)  # keys of the source that no longer hold


@dataclass(frozen=True)
class Text:
    """Windows of tokens to calibrate with, and others to measure perplexity."""

    windows: Sequence[Sequence[int]]
    probes: Sequence[Sequence[int]]

    @classmethod
    def of(cls, ckpt: Checkpoint) -> "Text":
        """Windows evenly spaced in each of TEXTS. InputError if they cannot be fetched."""
        tokenizer = Tokenizer.from_checkpoint(ckpt)
        bos = [tokenizer.bos] if tokenizer.add_bos else []
        windows, probes = [], []
        for name in TEXTS:
            tokens = tokenizer.encode(prose.text(name))
            starts = (len(tokens) * half // (2 * WINDOWS) for half in range(2 * WINDOWS))
            parts = [bos + tokens[at : at + WINDOW - len(bos)] for at in starts]
            windows += parts[0::2]
            probes += parts[1 :: 2 * (WINDOWS // PROBES)]
        return cls(windows, probes)


def make(ckpt: Checkpoint, out: Path, text: Text, file: str) -> dict:
    """Write ``ckpt`` as one of ``llama_mix.LOSSLESS``, and beside it (``.json``) what was measured, which is returned.

    A matrix whose inputs do not fill a kind's blocks falls back as llama.cpp's does. InputError if writing fails. The
    file appears in one step.
    """
    reference = Reference(ckpt)
    source = perplexity(reference, text.probes)
    tensors = quantised(ckpt, _kinds(ckpt, file), text.windows)
    reference.weights |= {name: tensor.dequantised() for name, tensor in tensors.items()}
    found = perplexity(reference, text.probes)
    sizes = Counter()
    for tensor in tensors.values():
        sizes[tensor.kind] += tensor.q.size
    report = about(ckpt, text) | {"weights": dict(sizes)} | rise(source, found)
    write(ckpt, tensors, out, _keys(file), report)
    return report


def round_to_nearest(ckpt: Checkpoint, out: Path, file: str) -> Path:
    """Write ``ckpt`` as ``make`` does, but without a text: every weight alone. InputError if writing fails."""
    tensors = {}
    for name, kind in tqdm(_kinds(ckpt, file).items(), "quantising", unit="matrix", disable=None):
        weights = ckpt.weights(name)
        if kind in K_KINDS:
            tensors[name] = k_quants.quantise(weights, kind)
        else:
            raw = gguf.quants.quantize(weights, gguf.GGMLQuantizationType[kind])
            tensors[name] = Quantised.from_bytes(kind, raw, *weights.shape)
    write(ckpt, tensors, out, _keys(file))
    return out


def _kinds(ckpt: Checkpoint, file: str) -> dict[str, str]:
    """The kind of every matrix in a file of ``llama_mix.FILES``."""
    gqa, tied = ckpt.shape.heads // ckpt.shape.kv_heads, HEAD not in ckpt.tensors
    wanted = llama_mix.kinds(file, ckpt.shape.layers, gqa=gqa, tied=tied)
    return {name: llama_mix.fitted(kind, ckpt.tensors[name].shape[1]) for name, kind in wanted.items()}


def _keys(file: str) -> dict[str, int]:
    """Keys of the metadata that say what a file is to llama.cpp."""
    return {FILE_TYPE: int(gguf.LlamaFileType[f"MOSTLY_{file}"]), VERSION: gguf.GGML_QUANT_VERSION}


def about(ckpt: Checkpoint, text: Text) -> dict:
    """What a report begins with: the source, and how many tokens were read."""
    return {
        "source": Path(ckpt.path).name,
        "source_sha256": ckpt.sha256,
        "calibration_tokens": sum(map(len, text.windows)),
        "probe_tokens": sum(map(len, text.probes)),
    }


def rise(source: float, found: float) -> dict:
    """What a report ends with: perplexities, whose logarithms are given."""
    return {
        "perplexity_source": float(np.exp(source)),
        "perplexity": float(np.exp(found)),
        "rise_percent": float(100 * np.expm1(found - source)),
    }


def perplexity(reference: Reference, windows: Sequence[Sequence[int]]) -> float:
    """The logarithm of the perplexity of a model over windows of tokens: the mean surprise of a token, nats."""
    return float(np.concatenate([surprise(reference.logits(w)[:-1], np.array(w[1:])) for w in windows]).mean())


def quantised(ckpt: Checkpoint, kinds: Mapping[str, str], windows: Sequence[Sequence[int]]) -> dict[str, Quantised]:
    """Every matrix of ``kinds``, for the inputs that those quantised before it give."""
    calibration, tensors = Calibration(ckpt, windows), {}
    for name, tensor in each(calibration, kinds, "quantising"):
        tensors[name] = tensor
        calibration.weights[name] = tensor.dequantised()
    return tensors


def each(calibration: Calibration, kinds: Mapping[str, str], what: str) -> Iterator[tuple[str, Quantised]]:
    """Every matrix as its kind, for the inputs that ``calibration`` has when its layer comes."""
    layers = calibration.shape.layers
    for layer, grams in tqdm(calibration.grams(), what, layers + 1, unit="layer"):
        for array, gram in grams.items():
            for name in names(array, layer, tied=HEAD not in calibration.weights):
                yield name, gptq.quantise(calibration.weights[name], gram, kinds[name])


def names(array: str, layer: int, *, tied: bool) -> list[str]:
    """The matrices of an array in a layer; those of ``embed`` and ``head`` are one where they are tied."""
    if array in PARTS:
        return [f"blk.{layer}.{part}.weight" for part in PARTS[array]]
    if array == "embed":
        return [] if tied else [EMBEDDING]
    return [EMBEDDING if tied else HEAD]


def write(
    ckpt: Checkpoint,
    tensors: Mapping[str, Quantised],
    out: Path,
    keys: Mapping[str, object],
    report: dict | None = None,
) -> None:
    """Write a GGUF file of all ``tensors``, with the source's metadata and these ``keys``, and a report beside it.

    Each appears in one step. InputError if writing fails.
    """
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent) as scratch:
            file, notes = Path(scratch, "made.gguf"), Path(scratch, "made.json")
            _write(ckpt, tensors, keys, file)
            notes.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
            os.replace(file, out)
            if report:
                os.replace(notes, out.with_suffix(".json"))
    except OSError as error:
        raise InputError(f"cannot write: {error.strerror}", str(out), "free or name another place") from None


def _write(ckpt: Checkpoint, tensors: Mapping[str, Quantised], keys: Mapping[str, object], file: Path) -> None:
    _, stored = checkpoint.contents(ckpt.path)
    kept = {key: value for key, value in ckpt.metadata.items() if not key.startswith(DROPPED) and value != []}
    widened = {"llama.feed_forward_length": ckpt.shape.d_ffn, "llama.attention.head_count_kv": ckpt.shape.kv_heads}
    writer = gguf.GGUFWriter(file, "llama")
    for key, value in (kept | widened | dict(keys)).items():
        whole = type(value) is int and 0 <= value < 1 << 32  # llama.cpp reads sizes and ids as unsigned only
        kind = GGUFValueType.UINT32 if whole else GGUFValueType.get_type(value)
        writer.add_key_value(key, value, kind)
    if ROPE_FREQS in stored:
        writer.add_tensor(ROPE_FREQS, stored[ROPE_FREQS].data)
    for name, gains in ckpt.gains.items():
        writer.add_tensor(name, gains)
    for name, tensor in tensors.items():
        tensor.add_to(writer, name)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
