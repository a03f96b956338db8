# SPDX-License-Identifier: Apache-2.0
"""The GGUF reader: what it reads, that nothing is lost, and that every bad file is refused in one clear line."""

import hashlib
from dataclasses import replace
from pathlib import Path

import gguf
import numpy as np
import pytest
from gguf import GGMLQuantizationType, GGUFReader, GGUFWriter

from models.checkpoint import fetch, tiny
from models.checkpoint.checkpoint import GONE, load
from models.checkpoint.tokenizer import Tokenizer
from models.errors import InputError

F32, Q4_0, Q4_1, Q8_0 = (GGMLQuantizationType[kind] for kind in ("F32", "Q4_0", "Q4_1", "Q8_0"))


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    return tiny.write(tmp_path_factory.mktemp("tiny") / "tiny.gguf")


def remake(source: Path, target: Path, arch="llama", keys=None, drop=(), tensors=None) -> Path:
    """A copy of a GGUF file with other metadata, without some of it, and with other or new tensors (data, type)."""
    reader, writer = GGUFReader(source), GGUFWriter(target, arch)
    for name, field in reader.fields.items():
        if not name.startswith("GGUF.") and name != "general.architecture" and name not in (*drop, *(keys or {})):
            writer.add_key_value(name, field.contents(), field.types[0], field.types[-1])
    for name, value in (keys or {}).items():
        add = {int: writer.add_uint32, float: writer.add_float32, str: writer.add_string, list: writer.add_array}
        add[type(value)](name, value)
    data = {tensor.name: (tensor.data, tensor.tensor_type) for tensor in reader.tensors} | (tensors or {})
    for name, (values, kind) in data.items():
        if name not in drop:
            writer.add_tensor(name, values, raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return target


def test_smollm2_is_read_whole_and_nothing_is_lost():
    path = fetch.smollm2()
    ckpt = load(path)
    shape = ckpt.shape
    assert (shape.layers, shape.d_model, shape.heads, shape.kv_heads) == (30, 576, 9, 3)
    assert (shape.head_dim, shape.d_ffn, shape.vocab) == (64, 1536, 49152)
    assert (shape.rope_base, shape.rope_dim, shape.rope_factors) == (100000.0, 64, ())
    assert shape.eps == pytest.approx(1e-5)
    assert ckpt.sha256 == fetch.SHA256
    tensors = GGUFReader(path).tensors
    assert {tensor.name for tensor in tensors} == ckpt.tensors.keys() | ckpt.gains.keys()
    for tensor in tensors:
        stored = ckpt.tensors.get(tensor.name)
        again = ckpt.gains[tensor.name].tobytes() if stored is None else stored.to_bytes()
        assert again == tensor.data.tobytes(), tensor.name


def test_tiny_shape_metadata_and_hash(source):
    ckpt = load(source)
    shape = ckpt.shape
    assert (shape.layers, shape.d_model, shape.heads, shape.kv_heads, shape.head_dim) == (3, 64, 4, 2, 16)
    assert (shape.d_ffn, shape.vocab, shape.rope_dim) == (96, 150, 16)
    assert ckpt.path == str(source)
    assert ckpt.sha256 == hashlib.sha256(source.read_bytes()).hexdigest()
    assert ckpt.metadata["general.architecture"] == "llama"
    assert len(ckpt.metadata["tokenizer.ggml.tokens"]) == 150
    assert {gain.shape for gain in ckpt.gains.values()} == {(64,)}
    assert {gain.dtype for gain in ckpt.gains.values()} == {np.dtype(np.float32)}


def test_tiny_follows_its_seed_and_overrides(tmp_path, source):
    assert tiny.write(tmp_path / "a.gguf").read_bytes() == source.read_bytes()
    assert tiny.write(tmp_path / "a.gguf", seed=2).read_bytes() != source.read_bytes()
    wide = {"layers": 2, "d_model": 96, "heads": 6, "kv_heads": 3, "head_dim": 32, "d_ffn": 160, "vocab": 200}
    shape = load(tiny.write(tmp_path / "b.gguf", **wide)).shape
    assert {name: getattr(shape, name) for name in wide} == wide
    with pytest.raises(ValueError, match="vocabulary of 10"):
        tiny.write(tmp_path / "c.gguf", vocab=10)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.gguf", "b.gguf"]


def test_matrix_gives_parts_in_column_order(source, tmp_path):
    ckpt = load(source)
    t = ckpt.tensors
    assert ckpt.matrix("qkv", 1) == [t[f"blk.1.attn_{part}.weight"] for part in "qkv"]
    assert ckpt.matrix("o", 2) == [t["blk.2.attn_output.weight"]]
    assert ckpt.matrix("gateup", 0) == [t["blk.0.ffn_gate.weight"], t["blk.0.ffn_up.weight"]]
    assert ckpt.matrix("down", 0) == [t["blk.0.ffn_down.weight"]]
    assert ckpt.matrix("head", 0) == [t["token_embd.weight"]]
    untied = load(tiny.write(tmp_path / "untied.gguf", tied=False))
    assert untied.matrix("head", 0) == [untied.tensors["output.weight"]]
    sizes = {name: sum(part.q.shape[0] for part in ckpt.matrix(name, 0)) for name in ("qkv", "o", "gateup", "down")}
    assert sizes == {name: ckpt.shape.matrix_size(name)[1] for name in sizes}


@pytest.mark.parametrize("kind", ["Q4_0", "Q4_1", "Q8_0"])
def test_quantised_kinds_are_kept(tmp_path, kind):
    path = tiny.write(tmp_path / "t.gguf", kinds={"attn_q": kind, "blk.1.ffn_down.weight": kind, "token_embd": kind})
    ckpt = load(path)
    raw = {tensor.name: tensor.data.tobytes() for tensor in GGUFReader(path).tensors}
    for name in ("blk.0.attn_q.weight", "blk.1.ffn_down.weight", "token_embd.weight"):
        assert (ckpt.tensors[name].kind, ckpt.tensors[name].to_bytes()) == (kind, raw[name])
    assert ckpt.tensors["blk.0.ffn_down.weight"].kind == "Q4_1"


@pytest.mark.parametrize("kind", ["F32", "F16", "BF16", "MXFP4"])
def test_other_types_become_q8_0(source, tmp_path, kind):
    """On the die; the weights of the checkpoint are the file's own, and how far apart they are is said."""
    path = tiny.write(tmp_path / "t.gguf", kinds={"attn_q": kind, "token_embd": kind} | {"attn_k": "Q8_0"})
    if kind == "MXFP4":  # which tiny.write cannot: three blocks of E8M0 127 and random codes in a row
        rng, name = np.random.default_rng(1), "blk.2.attn_q.weight"
        raw = rng.integers(0, 256, (64, 2, 17), dtype=np.uint8)
        raw[..., 0] = 120
        made = {name: (raw.reshape(64, 34), GGMLQuantizationType.MXFP4)}
        path = remake(source, tmp_path / "m.gguf", tensors=made)
    ckpt, lost, whole = load(path), 0.0, 0.0
    for tensor in GGUFReader(path).tensors:
        if tensor.tensor_type.name == kind and len(tensor.shape) == 2:
            values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
            assert ckpt.tensors[tensor.name].kind == "Q8_0"
            assert ckpt.tensors[tensor.name].to_bytes() == gguf.quants.quantize(values, Q8_0).tobytes()
            np.testing.assert_array_equal(ckpt.weights(tensor.name), values)
            lost += np.square(ckpt.tensors[tensor.name].dequantised().astype(float) - values).sum()
            whole += np.square(values.astype(float)).sum()
    assert ckpt.loss == pytest.approx(np.sqrt(lost / whole), rel=1e-4)
    count = 1 if kind == "MXFP4" else 4
    of = f"{count} of 22 matrices ({kind}) go onto the die as Q8_0"
    assert ckpt.conversion == f"{of}: relative RMS error {100 * ckpt.loss:.2g} %"
    assert 0 < ckpt.loss < 0.01


def test_a_file_that_is_kept_whole_says_nothing(source):
    ckpt = load(source)
    assert ckpt.conversion == ""
    assert ckpt.weights("token_embd.weight").tolist() == ckpt.tensors["token_embd.weight"].dequantised().tolist()


def test_half_precision_gains_are_read(source, tmp_path):
    gains = np.linspace(-2, 2, 64).astype(np.float16)
    path = remake(source, tmp_path / "t.gguf", tensors={"output_norm.weight": (gains, GGMLQuantizationType.F16)})
    np.testing.assert_array_equal(load(path).gains["output_norm.weight"], gains.astype(np.float32))


def test_rope_factors(tmp_path, source):
    factors = (1.0, 1.0, 1.5, 2.0, 4.0, 4.0, 8.0, 8.0)
    frequencies = tiny.write(tmp_path / "freqs.gguf", rope_factors=factors)
    assert load(frequencies).shape.rope_factors == factors
    scaled = {"llama.rope.scaling.type": "linear", "llama.rope.scaling.factor": 2.0}
    both = remake(frequencies, tmp_path / "both.gguf", keys=scaled)
    assert load(both).shape.rope_factors == tuple(2 * factor for factor in factors)
    old = remake(source, tmp_path / "old.gguf", keys={"llama.rope.scale_linear": 4.0})
    assert load(old).shape.rope_factors == (4.0,) * 8
    none = remake(source, tmp_path / "none.gguf", keys=scaled | {"llama.rope.scaling.type": "none"})
    assert load(none).shape == load(source).shape


def test_absent_keys_take_the_defaults_of_llama(source, tmp_path):
    optional = ("attention.key_length", "attention.value_length", "rope.dimension_count", "rope.freq_base")
    path = remake(source, tmp_path / "t.gguf", drop=[f"llama.{key}" for key in optional])
    assert load(path).shape == replace(load(source).shape, rope_base=10000.0)
    multi = tiny.write(tmp_path / "m.gguf", kv_heads=4)
    assert load(remake(multi, tmp_path / "n.gguf", drop=["llama.attention.head_count_kv"])).shape.kv_heads == 4


def refusal(path: Path) -> str:
    """The one line that loading this file gives the user."""
    with pytest.raises(InputError) as caught:
        load(path)
    line = str(caught.value)
    assert "\n" not in line
    assert str(path) in line
    assert caught.value.hint
    return line


def filled(value: float) -> tuple[np.ndarray, GGMLQuantizationType]:
    return np.full(64, value, dtype=np.float32), F32


def q4_1(d: float, m: float) -> tuple[np.ndarray, GGMLQuantizationType]:
    """A 64 x 64 matrix of zero codes with these scales."""
    block = np.array([d, m], dtype=np.float16).tobytes() + bytes(16)
    return np.frombuffer(block * 128, dtype=np.uint8).reshape(64, 40), Q4_1


OUT = "blk.1.attn_output.weight"
BAD = {
    "architecture": ({"arch": "gpt2"}, "architecture 'gpt2' is not llama"),
    "key missing": ({"drop": ["llama.block_count"]}, "llama.block_count is missing"),
    "key not a number": ({"keys": {"llama.embedding_length": "wide"}}, "llama.embedding_length is wide"),
    "key not an integer": ({"keys": {"llama.embedding_length": 64.5}}, "llama.embedding_length is 64.5"),
    "key is a list": ({"keys": {"llama.attention.head_count_kv": [2, 2, 1]}}, "head_count_kv is [2, 2, 1]"),
    "key is zero": ({"keys": {"llama.attention.head_count": 0}}, "head_count is 0"),
    "eps not finite": ({"keys": {"llama.attention.layer_norm_rms_epsilon": float("nan")}}, "rms_epsilon is nan"),
    "experts": ({"keys": {"llama.expert_count": 8}}, "mixture of experts"),
    "split": ({"keys": {"split.count": 2}}, "part of a checkpoint of 2 parts"),
    "value length": ({"keys": {"llama.attention.value_length": 32}}, "keys and values have different sizes"),
    "uneven heads": ({"keys": {"llama.attention.head_count_kv": 3}}, "4 heads do not share 3 KV heads"),
    "rope dimensions": ({"keys": {"llama.rope.dimension_count": 32}}, "RoPE over 32 of 16 dimensions"),
    "rope scaling": ({"keys": {"llama.rope.scaling.type": "longrope"}}, "RoPE scaling 'longrope'"),
    "rope factor": ({"keys": {"llama.rope.scaling.factor": 0.0}}, "RoPE factors"),
    "rope_freqs size": ({"tensors": {"rope_freqs.weight": filled(1)}}, "rope_freqs.weight is not 8 values"),
    "missing matrix": ({"drop": ["blk.2.ffn_up.weight"]}, "tensor blk.2.ffn_up.weight is missing"),
    "missing norm": ({"drop": ["output_norm.weight"]}, "tensor output_norm.weight is missing"),
    "missing embedding": ({"drop": ["token_embd.weight"]}, "tensor token_embd.weight is missing"),
    "too many layers": ({"keys": {"llama.block_count": 2**32 - 1}}, "tensor blk.3.attn_q.weight is missing"),
    "too few layers": ({"keys": {"llama.block_count": 2}}, "no place for tensor blk.2."),
    "bias": ({"tensors": {"blk.0.attn_q.bias": filled(0)}}, "no place for tensor blk.0.attn_q.bias"),
    "width": ({"keys": {"llama.embedding_length": 128}}, "token_embd.weight has shape [150, 64]"),
    "vocabulary": ({"drop": ["tokenizer.ggml.tokens"], "keys": {"llama.vocab_size": 151}}, "says [151, 64]"),
    "norm with two dimensions": (
        {"tensors": {"output_norm.weight": (np.ones((2, 32), dtype=np.float32), F32)}},
        "output_norm.weight has shape [2, 32]",
    ),
    "tensor type": (
        {"tensors": {OUT: (np.zeros((64, 80), dtype=np.uint8), GGMLQuantizationType.Q8_1)}},
        f"tensor {OUT} has unsupported type Q8_1",
    ),
    "norm type": (
        {"tensors": {"output_norm.weight": (np.zeros(68, dtype=np.uint8), Q8_0)}},
        "tensor output_norm.weight has unsupported type Q8_0",
    ),
    "d not finite": ({"tensors": {OUT: q4_1(np.nan, 0)}}, f"tensor {OUT} has scales that are not finite"),
    "m not finite": ({"tensors": {OUT: q4_1(0, np.inf)}}, f"tensor {OUT} has scales that are not finite"),
    "d too large": ({"tensors": {OUT: q4_1(-1, 0)}}, f"tensor {OUT} has scales a die cannot hold"),
    "m too large": ({"tensors": {OUT: q4_1(0, 128)}}, f"tensor {OUT} has scales a die cannot hold"),
    "d of Q4_0 too large": (
        {"tensors": {OUT: (np.tile(np.frombuffer(np.float16(9000).tobytes() + bytes(16), np.uint8), (64, 2)), Q4_0)}},
        f"tensor {OUT} has scales a die cannot hold",
    ),
    "weights too large": ({"tensors": {OUT: (np.full((64, 64), 200, np.float32), F32)}}, "scales a die cannot hold"),
    "weights beyond binary16": (
        {"tensors": {OUT: (np.full((64, 64), 1e30, np.float32), F32)}},
        "scales that are not fin",
    ),
    "weights not finite": (
        {"tensors": {OUT: (np.full((64, 64), np.inf, np.float32), F32)}},
        "values that are not fin",
    ),
    "gains not finite": ({"tensors": {"output_norm.weight": filled(np.nan)}}, "output_norm.weight holds values that"),
    "gains too large": (
        {"tensors": {"output_norm.weight": filled(-256)}},
        "output_norm.weight has gains of 256 or more",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_checkpoints_are_refused(source, tmp_path, case):
    changes, words = BAD[case]
    assert words in refusal(remake(source, tmp_path / "bad.gguf", **changes))


def test_largest_scales_that_fit_are_taken(source, tmp_path):
    largest = {OUT: q4_1(np.nextafter(np.float16(1), np.float16(0)), -127.9375), "output_norm.weight": filled(255.99)}
    assert load(remake(source, tmp_path / "t.gguf", tensors=largest)).tensors[OUT].dequantised()[0, 0] == -127.9375


def test_files_that_are_no_gguf(tmp_path):
    assert "cannot read the checkpoint: No such file" in refusal(tmp_path / "absent.gguf")
    assert "a folder without config.json" in refusal(tmp_path)
    for data in (b"", b"GG", b"PK\x03\x04 something else"):
        path = tmp_path / "other.gguf"
        path.write_bytes(data)
        assert "not a GGUF file" in refusal(path)


def test_a_file_cut_anywhere_is_truncated(source, tmp_path):
    data, path = source.read_bytes(), tmp_path / "cut.gguf"
    for keep in [4, 8, 23, *range(24, len(data), len(data) // 60), len(data) - 1]:
        path.write_bytes(data[:keep])
        assert "the GGUF file is truncated" in refusal(path), keep


def patched(source: Path, target: Path, at: int, new: bytes) -> Path:
    data = bytearray(source.read_bytes())
    data[at : at + len(new)] = new
    target.write_bytes(data)
    return target


def test_corrupt_headers_are_refused(source, tmp_path):
    data, path = source.read_bytes(), tmp_path / "corrupt.gguf"
    assert "a GGUF file of version 99, readable are 2 and 3" in refusal(patched(source, path, 4, b"\x63"))
    assert "a GGUF file of version 1," in refusal(patched(source, path, 4, b"\x01"))
    assert "truncated" in refusal(patched(source, path, 8, b"\xff" * 8))  # number of tensors
    tokens = data.index(b"tokenizer.ggml.tokens") + len("tokenizer.ggml.tokens") + 8
    assert "truncated" in refusal(patched(source, path, tokens, b"\xff" * 7))  # length of an array
    name = data.index(b"blk.1.attn_q.weight")
    assert "corrupt" in refusal(patched(source, path, name, b"blk.0"))  # the same tensor twice
    assert "corrupt" in refusal(patched(source, path, name, b"\xff\xff"))  # not UTF-8
    kind = name + len("blk.1.attn_q.weight") + 4 + 16
    for number in (*GONE, 0xEE):
        words = f"tensor blk.1.attn_q.weight has type {number}"
        words += f" ({GONE[number]}), which ggml no longer has (" if number in GONE else " ("
        assert words in refusal(patched(source, path, kind, bytes([number])))
    assert "truncated" in refusal(patched(source, path, kind + 4, b"\xff\xff\xff\x7f"))  # data beyond the end


def test_a_token_that_is_not_utf_8_is_spelt_out(tmp_path):
    source = tiny.write(tmp_path / "s.gguf", layers=1, vocab=400)
    path = patched(source, tmp_path / "t.gguf", source.read_bytes().index(b"<|unused_"), b"\xff")
    tokens, before = (load(file).metadata["tokenizer.ggml.tokens"] for file in (path, source))
    (changed,) = [new for new, old in zip(tokens, before, strict=True) if new != old]
    assert changed.startswith("\\xff|unused_")
    assert Tokenizer.from_checkpoint(load(path)).encode("Paris is") != []


def test_big_endian_files_are_refused(tmp_path):
    writer = GGUFWriter(tmp_path / "big.gguf", "llama", endianess=gguf.GGUFEndian.BIG)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    assert "big-endian" in refusal(tmp_path / "big.gguf")
