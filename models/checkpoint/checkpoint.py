# SPDX-License-Identifier: Apache-2.0
"""GGUF checkpoints of Llama models, read into the codes and scales a die holds.

The container is read by the ``gguf`` library (format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md),
blocks by ``models.checkpoint.quantised``. Weights of 3 and 6 bits (models.quantise.mix) lie in blocks of other kinds,
and a key of the metadata says so.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

import gguf
import numpy as np
from gguf.gguf_reader import READER_SUPPORTED_VERSIONS

from models.checkpoint import folder, padding, parts, rope_scaling
from models.checkpoint.quantised import GGUF_KINDS, KINDS, WIDTHS, Blocks
from models.die.shape import GROUP, Shape
from models.errors import InputError

FLOAT_TYPES = ("F32", "F16", "BF16")
CONVERTED = (  # types that go onto a die as Q8_0: all others that the gguf library dequantises
    *FLOAT_TYPES,
    *("IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ3_XXS", "IQ3_S", "IQ4_NL", "IQ4_XS"),
    *("TQ1_0", "TQ2_0", "MXFP4", "NVFP4"),
)
GONE = {  # numbers of types that ggml has taken back
    4: "Q4_2",
    5: "Q4_3",
    31: "Q4_0_4_4, of ARM",
    32: "Q4_0_4_8, of ARM",
    33: "Q4_0_8_8, of ARM",
    36: "IQ4_NL_4_4 of ARM, or I2_S of BitNet",
    37: "IQ4_NL_4_8, of ARM",
    38: "IQ4_NL_8_8, of ARM",
}
PARTS = {  # the tensors side by side in the columns of a cell array
    "qkv": ("attn_q", "attn_k", "attn_v"),
    "o": ("attn_output",),
    "gateup": ("ffn_gate", "ffn_up"),
    "down": ("ffn_down",),
}
EMBEDDING, HEAD, FINAL_NORM, ROPE_FREQS = (
    f"{name}.weight" for name in ("token_embd", "output", "output_norm", "rope_freqs")
)
WEIGHT_BITS = "cartridge.weight_bits"  # metadata key: widths of the weights, where their blocks have places for more
YARN = {"yarn_beta_fast": rope_scaling.BETA_FAST, "yarn_beta_slow": rope_scaling.BETA_SLOW}
D_LIMIT, M_LIMIT, GAIN_LIMIT = 1.0, 128.0, 256.0  # what a die can hold: docs/formats.md


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A loaded checkpoint: what a die is etched from.

    ``tensors`` holds every matrix, the embedding (``token_embd.weight``) and, where it is not tied to the embedding,
    ``output.weight``; ``gains`` the norms, float32 [d_model]; ``metadata`` the file's keys and decoded values.
    """

    path: str
    shape: Shape
    metadata: dict
    tensors: dict[str, Blocks]
    gains: dict[str, np.ndarray]
    originals: dict[str, gguf.ReaderTensor] = field(default_factory=dict)  # as on file, of matrices converted to Q8_0
    loss: float = 0.0  # the converted matrices' relative RMS error

    def weights(self, name: str) -> np.ndarray:
        """The weights of a matrix as the file has them, float32 [out, in]."""
        if name in self.originals:
            tensor = self.originals[name]
            return gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        return self.tensors[name].dequantised()

    @property
    def conversion(self) -> str:
        """What the die does not hold as the file has it, in words; empty if there is nothing."""
        kinds = sorted({tensor.tensor_type.name for tensor in self.originals.values()})
        what = f"{len(self.originals)} of {len(self.tensors)} matrices ({', '.join(kinds)}) go onto the die as Q8_0"
        return f"{what}: relative RMS error {100 * self.loss:.2g} %" if kinds else ""

    @cached_property
    def sha256(self) -> str:
        """Of its files, one after the other, in hexadecimal."""
        return parts.sha256(_files(self.path))

    def matrix(self, name: str, layer: int = 0) -> list[Blocks]:
        """Tensors of cell array ``name`` (models.die.shape.MATRICES) in column order, before gate and up interleave."""
        if name == "head":
            return [self.tensors.get(HEAD, self.tensors[EMBEDDING])]
        return [self.tensors[f"blk.{layer}.{part}.weight"] for part in PARTS[name]]


class _Reader(gguf.GGUFReader):
    """The library's reader, which would take what lies behind the end of a short file for empty arrays.

    It reads an array element by element, through NumPy: half of a simulation's start, where a vocabulary is large. Here
    an array of numbers is one part, and one of strings a part each.
    """

    def _get(self, offset, dtype, count=1, override_order=None):
        if offset + int(count) * np.dtype(dtype).itemsize > len(self.data):
            raise EOFError
        return super()._get(offset, dtype, count, override_order)

    def _get_field_parts(self, orig_offs, raw_type):
        if raw_type != gguf.GGUFValueType.ARRAY:
            return super()._get_field_parts(orig_offs, raw_type)
        head = [self._get(orig_offs, np.uint32), self._get(orig_offs + 4, np.uint64)]
        kind, count = gguf.GGUFValueType(int(head[0][0])), int(head[1][0])
        types, offs = [gguf.GGUFValueType.ARRAY] + [kind] * bool(count), orig_offs + 12
        if kind is gguf.GGUFValueType.STRING:
            parts, offs = self._strings(offs, count)
        elif number := self.gguf_scalar_to_np.get(kind):
            parts = [self._get(offs, number, count)]
            offs += parts[0].nbytes
        else:
            return super()._get_field_parts(orig_offs, raw_type)
        return offs - orig_offs, head + parts, list(range(2, 2 + len(parts))), types

    def _strings(self, offs: int, count: int) -> tuple[list[memoryview], int]:
        """So many strings from a byte on, and the byte behind them."""
        raw, strings, end = memoryview(self.data), [], len(self.data)
        order = "little" if self.byte_order == "I" else "big"
        for _ in range(count):
            start = offs + 8
            offs = start + int.from_bytes(raw[start - 8 : start], order)
            if offs > end or start > end:
                raise EOFError
            strings.append(raw[start:offs])
        return strings, offs

    def _build_tensors(self, start_offs, fields):
        for entry in fields:
            number = int(entry.parts[4][0])
            if number not in iter(gguf.GGMLQuantizationType):
                kind = (
                    f"type {number} ({GONE[number]}), which ggml no longer has" if number in GONE else f"type {number}"
                )
                hint = "quantise the model anew from its source with llama-quantize"
                raise InputError(f"tensor {entry.name} has {kind}", str(self.data.filename), hint)
        super()._build_tensors(start_offs, fields)


def load(path: str | os.PathLike) -> Checkpoint:
    """Read a GGUF file of architecture ``llama``, any part of a split one, or a folder (models.checkpoint.folder).

    InputError for anything a die cannot be etched from. The shape is the die's: models.checkpoint.padding.

    Matrices of GGUF_KINDS are taken as they are. Those of CONVERTED are quantised to Q8_0 by ``gguf.quants.quantize``;
    from there on nothing is lost. Where the metadata states widths (``WEIGHT_BITS``), the matrices are W3 and W6.
    """
    path = os.fspath(path)
    metadata, tensors = contents(path)
    kinds = _kinds(metadata, path)
    stated = _shape(metadata, tensors, path)
    shape = padding.widened(stated)
    matrices, gains, originals = {}, {}, {}
    errors = np.zeros(2)  # squares of what converted matrices lose, and of their weights
    for name, size in _expected(stated, HEAD in tensors):
        if name not in tensors:
            raise InputError(f"tensor {name} is missing", path, "use a complete checkpoint")
        tensor = tensors.pop(name)
        found = tuple(int(n) for n in reversed(tensor.shape))
        if found != size:
            what = f"tensor {name} has shape {list(found)}, the metadata says {list(size)}"
            raise InputError(what, path, "use an intact checkpoint")
        if len(size) == 1:
            gains[name] = _gain(tensor, path)
        else:
            tensor = padding.fitted(tensor, stated, shape)
            matrices[name] = _matrix(tensor, kinds, path)
            if tensor.tensor_type.name in CONVERTED:
                originals[name] = tensor
                errors += _squares(tensor, matrices[name])
    tensors.pop(ROPE_FREQS, None)
    if tensors:
        name = next(iter(tensors))
        raise InputError(f"a die has no place for tensor {name}", path, "docs/models.md says what a die holds")
    loss = float(np.sqrt(errors[0] / errors[1])) if errors[1] else 0.0
    return Checkpoint(path, shape, metadata, matrices, gains, originals, loss)


def contents(path: str) -> tuple[dict, dict[str, gguf.ReaderTensor]]:
    """Metadata and tensors by name of what ``load`` takes, as they are. InputError for what is no checkpoint."""
    files = _files(path)
    return folder.read(path) if os.path.isdir(path) else _read_all(files)


def _files(path: str) -> list[str]:
    """Those that a checkpoint is made of."""
    return folder.files(path) if os.path.isdir(path) else parts.of(path)


def _read_all(files: list[str]) -> tuple[dict, dict[str, gguf.ReaderTensor]]:
    """Metadata and tensors of a GGUF file in one or more parts, of which the first has the metadata."""
    metadata, tensors = _read(files[0])
    count = _number(metadata, "split.count", int, 0, files[0])
    if max(count, 1) != len(files):
        what = (
            f"part of a checkpoint of {count} parts" if count > 1 else "no part of a split checkpoint, by its metadata"
        )
        raise InputError(what, files[0], "keep the parts' names: NAME-00001-of-00003.gguf")
    for file in files[1:]:
        tensors |= _read(file)[1]
    return metadata, tensors


def _read(path: str) -> tuple[dict, dict[str, gguf.ReaderTensor]]:
    """Metadata and tensors by name."""
    try:
        with open(path, "rb") as file:
            magic, version = file.read(4), int.from_bytes(file.read(4), "little")
    except OSError as error:
        raise InputError(f"cannot read the checkpoint: {error.strerror}", path, "name a readable GGUF file") from None
    if magic != b"GGUF":
        raise InputError("not a GGUF file", path, "convert the checkpoint to GGUF with llama.cpp")
    if 0 < version & 0xFFFF and version not in READER_SUPPORTED_VERSIONS:  # a big-endian number has its low half 0
        what = f"a GGUF file of version {version}, readable are {' and '.join(map(str, READER_SUPPORTED_VERSIONS))}"
        raise InputError(what, path, "convert the checkpoint anew with llama.cpp")
    try:
        reader = _Reader(path)
        if reader.byte_order != "I":
            raise InputError("big-endian GGUF", path, "convert it with gguf-convert-endian")
        fields = {name: _contents(entry) for name, entry in reader.fields.items() if not name.startswith("GGUF.")}
    except EOFError:
        raise InputError("the GGUF file is truncated", path, "fetch the file again") from None
    except (ValueError, KeyError, IndexError, TypeError, OverflowError, MemoryError) as error:
        reason = str(error.args[0] if error.args else error).splitlines()
        raise InputError(f"the GGUF file is corrupt: {' '.join(reason)}", path, "fetch the file again") from None
    return fields, {tensor.name: tensor for tensor in reader.tensors}


def _contents(entry: gguf.ReaderField) -> object:
    """The value of a key. Bytes that are not UTF-8, as in some vocabularies, are spelt out: ``\\xff``."""
    try:
        return entry.contents()
    except UnicodeDecodeError:
        texts = [bytes(entry.parts[at]).decode("utf-8", "backslashreplace") for at in entry.data]
        return texts if entry.types[0] is gguf.GGUFValueType.ARRAY else texts[0]


def _number(metadata: dict, key: str, kind: type, default: float | None, path: str) -> float:
    """A finite number >= 0 of the metadata (a float key may hold an int); without a default it must be there."""
    found = metadata.get(key, default)
    if found is None:
        raise InputError(f"metadata {key} is missing", path, "use a complete checkpoint")
    if not isinstance(found, int | kind) or isinstance(found, bool) or not 0 <= found < 2**63:
        raise InputError(f"metadata {key} is {str(found)[:40]}", path, "use a checkpoint with one number there")
    return found


def _kinds(metadata: dict, path: str) -> dict[str, str]:
    """What a matrix of each GGUF type is."""
    if WEIGHT_BITS not in metadata:
        return {kind: kind for kind in GGUF_KINDS} | dict.fromkeys(CONVERTED, "Q8_0")
    widths = metadata[WEIGHT_BITS]
    if not isinstance(widths, list) or not widths or any(width not in WIDTHS for width in widths):
        what = f"metadata {WEIGHT_BITS} is {str(widths)[:40]}"
        raise InputError(what, path, f"use a list of widths a die has: {', '.join(map(str, WIDTHS))}")
    return {KINDS[WIDTHS[width]].stored: WIDTHS[width] for width in widths}


def _shape(metadata: dict, tensors: Iterable[str], path: str) -> Shape:
    """The shape that the metadata states, checked to be a plain Llama."""
    architecture = metadata.get("general.architecture")
    if architecture != "llama":
        raise InputError(f"architecture {architecture!r} is not llama", path, "use a checkpoint of the Llama family")

    def size(key: str, default: int | None = None) -> int:
        found = _number(metadata, f"llama.{key}", int, default, path)
        if found == 0:
            raise InputError(f"metadata llama.{key} is 0", path, "use an intact checkpoint")
        return found

    if _number(metadata, "llama.expert_count", int, 0, path):
        raise InputError("a mixture of experts has no place in a die", path, "use a dense Llama checkpoint")
    d_model, heads = size("embedding_length"), size("attention.head_count")
    head_dim = size("attention.key_length", d_model // heads)
    if size("attention.value_length", head_dim) != head_dim:
        raise InputError("keys and values have different sizes", path, "use a plain Llama checkpoint")
    kv_heads = size("attention.head_count_kv", heads)
    if heads % kv_heads:
        raise InputError(f"{heads} heads do not share {kv_heads} KV heads evenly", path, "use an intact checkpoint")
    rope_dim = size("rope.dimension_count", head_dim)
    if rope_dim > head_dim or rope_dim % 2:
        raise InputError(f"RoPE over {rope_dim} of {head_dim} dimensions", path, "use an intact checkpoint")
    tokens = metadata.get("tokenizer.ggml.tokens")
    return Shape(
        layers=size("block_count"),
        d_model=d_model,
        heads=heads,
        kv_heads=kv_heads,
        head_dim=head_dim,
        d_ffn=size("feed_forward_length"),
        vocab=len(tokens) if isinstance(tokens, list) else size("vocab_size"),
        eps=float(_number(metadata, "llama.attention.layer_norm_rms_epsilon", float, None, path)),
        rope_base=float(_number(metadata, "llama.rope.freq_base", float, 10000.0, path)),
        rope_dim=rope_dim,
        attention_factor=_attention_factor(metadata, rope_dim == head_dim, path),
        rope_factors=_rope_factors(metadata, tensors, rope_dim, path),
    )


def _rope_factors(metadata: dict, tensors: dict, rope_dim: int, path: str) -> tuple[float, ...]:
    """Divisors of the pairs' frequencies: linear scaling times ``rope_freqs.weight``; empty when all are 1."""
    scaling = metadata.get("llama.rope.scaling.type", "linear")  # a bare factor means linear scaling
    if scaling not in ("none", "linear", "yarn"):
        hint = "use a checkpoint with linear, yarn or no scaling"
        raise InputError(f"RoPE scaling {str(scaling)[:40]!r} is not supported", path, hint)
    factor = _number(metadata, "llama.rope.scale_linear", float, 1.0, path)  # the key of old files
    factor = _number(metadata, "llama.rope.scaling.factor", float, factor, path)
    factors = np.full(rope_dim // 2, factor if scaling == "linear" else 1.0)
    if scaling == "yarn":
        keys = {name: f"llama.rope.scaling.{name}" for name in ("original_context_length", *YARN)}
        context = _number(metadata, "llama.context_length", int, 0, path)
        context = _number(metadata, keys["original_context_length"], float, context, path)
        fast, slow = (_number(metadata, keys[name], float, usual, path) for name, usual in YARN.items())
        base = _number(metadata, "llama.rope.freq_base", float, 10000.0, path)
        if not (base > 1 and factor > 0 and fast > 0 and slow > 0 and context > 0):
            raise InputError("RoPE scaling by yarn makes no frequencies", path, "use an intact checkpoint")
        factors = rope_scaling.yarn(rope_dim, base, factor, context, fast, slow)
    if ROPE_FREQS in tensors:
        tensor = tensors[ROPE_FREQS]
        if tensor.tensor_type.name != "F32" or tensor.data.shape != factors.shape:
            what = f"tensor {ROPE_FREQS} is not {len(factors)} values in F32"
            raise InputError(what, path, "use an intact checkpoint")
        factors = factors * tensor.data
    if not (np.isfinite(factors).all() and (factors > 0).all()):
        raise InputError("RoPE factors are not all finite and positive", path, "use an intact checkpoint")
    return () if (factors == 1).all() else tuple(factors.tolist())


def _attention_factor(metadata: dict, whole: bool, path: str) -> float:
    """What YaRN multiplies queries and keys with; heads that turn in part have it for that part only: InputError."""
    if metadata.get("llama.rope.scaling.type") != "yarn":
        return 1.0
    factor = _number(metadata, "llama.rope.scaling.factor", float, 1.0, path)
    scale = _number(metadata, "llama.rope.scaling.attn_factor", float, 1.0, path)
    scale *= rope_scaling.yarn_attention(max(factor, 1.0))
    if not 0.25 < scale < 2 or (scale != 1 and not whole):
        raise InputError(f"RoPE scaling by yarn with {scale:g} on a part of a head", path, "use another checkpoint")
    return float(scale)


def _expected(shape: Shape, untied: bool) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Name and size ([out, in] or [n]) of every tensor that such a checkpoint has."""
    s = shape
    yield EMBEDDING, (s.vocab, s.d_model)
    if untied:
        yield HEAD, (s.vocab, s.d_model)
    yield FINAL_NORM, (s.d_model,)
    sizes = {
        "attn_q": (s.d_q, s.d_model),
        "attn_k": (s.d_kv, s.d_model),
        "attn_v": (s.d_kv, s.d_model),
        "attn_output": (s.d_model, s.d_q),
        "ffn_gate": (s.d_ffn, s.d_model),
        "ffn_up": (s.d_ffn, s.d_model),
        "ffn_down": (s.d_model, s.d_ffn),
        "attn_norm": (s.d_model,),
        "ffn_norm": (s.d_model,),
    }
    for layer in range(s.layers):
        for name, size in sizes.items():
            yield f"blk.{layer}.{name}.weight", size


def _floats(tensor: gguf.ReaderTensor, path: str) -> np.ndarray:
    """A tensor's values as float32, checked to be finite."""
    values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
    if not np.isfinite(values).all():
        raise InputError(f"tensor {tensor.name} holds values that are not finite", path, "use an intact checkpoint")
    return values


def _squares(tensor: gguf.ReaderTensor, matrix: Blocks) -> tuple[float, float]:
    """Sums of squares: what a matrix differs by from the tensor that it was quantised from, and the tensor itself."""
    values = gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype(np.float32).reshape(-1)
    lost = matrix.dequantised().reshape(-1) - values
    return float(np.vdot(lost, lost)), float(np.vdot(values, values))


def _unsupported(tensor: gguf.ReaderTensor, allowed: Iterable[str], path: str) -> InputError:
    what = f"tensor {tensor.name} has unsupported type {tensor.tensor_type.name}"
    return InputError(what, path, f"convert it to one of {', '.join(allowed)}")


def _gain(tensor: gguf.ReaderTensor, path: str) -> np.ndarray:
    """A norm's gains, float32 [d_model], as a die can hold them."""
    if tensor.tensor_type.name not in FLOAT_TYPES:
        raise _unsupported(tensor, FLOAT_TYPES, path)
    gains = _floats(tensor, path)
    if np.abs(gains).max() >= GAIN_LIMIT:
        raise InputError(f"tensor {tensor.name} has gains of {GAIN_LIMIT:g} or more", path, "use another checkpoint")
    return np.array(gains, dtype=np.float32)


def _matrix(tensor: gguf.ReaderTensor, kinds: dict[str, str], path: str) -> Blocks:
    """A matrix with codes and scales that a die can hold; ``kinds`` says what its GGUF type is."""
    name, stored = tensor.name, tensor.tensor_type.name
    inputs, out = (int(n) for n in tensor.shape)
    if stored not in kinds:
        raise _unsupported(tensor, GGUF_KINDS, path)
    kind = kinds[stored]
    if inputs % GROUP:
        raise InputError(
            f"the {inputs} inputs of tensor {name} are not a multiple of {GROUP}", path, "use another model"
        )
    raw = tensor.data
    if stored in CONVERTED:
        with np.errstate(over="ignore"):  # scales beyond binary16 are refused below
            raw = gguf.quants.quantize(_floats(tensor, path), gguf.GGMLQuantizationType.Q8_0)
    matrix = Blocks.of(kind, raw, out, inputs)
    if kind != KINDS[kind].stored and matrix.q.max() >= 1 << matrix.bits:
        raise InputError(f"tensor {name} holds codes of more than {matrix.bits} bits", path, "quantise the model anew")
    d, m = (np.abs(word.view(np.float16)) for word in (matrix.d, matrix.m))
    stored = (d, m) if KINDS[kind].zero is None else (d,)  # elsewhere m follows from d
    if not all(np.isfinite(scales).all() for scales in stored):
        raise InputError(f"tensor {name} has scales that are not finite", path, "use an intact checkpoint")
    if d.max() >= D_LIMIT or m.max() >= M_LIMIT:
        limits = f"|d| < {D_LIMIT:g}, |m| < {M_LIMIT:g}"
        raise InputError(f"tensor {name} has scales a die cannot hold ({limits})", path, "use another checkpoint")
    return matrix
