# SPDX-License-Identifier: Apache-2.0
"""Weights of 3 and 6 bits: their codes, the quantiser, the choice of widths, and masks and golden model of a mix."""

import json
from collections import Counter
from dataclasses import replace

import gguf
import numpy as np
import pytest
from gguf import GGMLQuantizationType, GGUFReader, GGUFValueType, GGUFWriter

from models.checkpoint import checkpoint, prose, tiny
from models.checkpoint.checkpoint import EMBEDDING, KINDS, WEIGHT_BITS, WIDTHS
from models.checkpoint.quantised import GGUF_KINDS, K_KINDS, Quantised
from models.checkpoint.tokenizer import Tokenizer
from models.errors import InputError
from models.golden.chip import Chip
from models.golden.stage import CHIP, Stage
from models.mask import audit, decode, etch, image
from models.mask.image import Image, Kind
from models.quantise import anew, gptq, k_quants, llama_mix, mix, rotation
from models.reference import Reference
from models.tests import test_folder

SIX = {"head": 6, "qkv": 6, "o": 6, "gateup": 6, "down": 6}


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return checkpoint.load(tiny.write(tmp_path_factory.mktemp("tiny") / "tiny.gguf"))


@pytest.fixture(scope="module")
def text(source):
    """Windows of all tokens, and as probes what the model itself would say: what any change makes less likely."""
    model = Reference(source)
    probes = [[start, *model.generate([start], 30)] for start in range(5, 145, 20)]
    return mix.Text([list(range(at, at + 40)) for at in range(0, 110, 2)], probes)


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    return checkpoint.load(tiny.write(tmp_path_factory.mktemp("tiny") / "mix.gguf", kinds=tiny.MIX))


def codes(kind, out=16, inputs=96):
    """A matrix with all codes, and scales of every sign and size that a die accepts."""
    rng, bits = np.random.default_rng(3), KINDS[kind].bits
    d, m = rng.integers(0, 1 << 16, (2, out, inputs // 32), dtype=np.uint16) & np.array(
        [[[0xBBFF]], [[0xD7FF]]], np.uint16
    )
    if bits == 6:
        m = (d.view(np.float16) * np.float16(-32)).view(np.uint16)
    return Quantised(kind, rng.integers(0, 1 << bits, (out, inputs), dtype=np.uint8), d, m)


@pytest.mark.parametrize("bits", WIDTHS)
def test_blocks_survive_byte_for_byte(bits):
    kind = WIDTHS[bits]
    matrix = codes(kind)
    assert matrix.bits == bits
    assert sorted(set(matrix.q.ravel().tolist())) == list(range(1 << bits))
    again = Quantised.from_bytes(kind, matrix.to_bytes(), *matrix.q.shape)
    for word in ("q", "d", "m"):
        np.testing.assert_array_equal(getattr(again, word), getattr(matrix, word))
    assert again.to_bytes() == matrix.to_bytes()


@pytest.mark.parametrize("kind,stored", [("W3", "Q4_1"), ("W6", "Q8_0")])
def test_weights_are_what_any_reader_of_gguf_finds(kind, stored):
    matrix = codes(kind)
    plain = Quantised.from_bytes(stored, matrix.to_bytes(), *matrix.q.shape)
    np.testing.assert_array_equal(plain.dequantised(), matrix.dequantised())


def test_exact_in_the_golden_models_arithmetic():
    """m = -32*d holds in binary16 for every d that a die accepts, and a code times its scale is within the bounds."""
    d = np.arange(0x3C00, dtype=np.uint16).view(np.float16)
    raw = np.concatenate([d[:, None].view(np.uint8), np.zeros((len(d), 32), np.uint8)], axis=1)
    matrix = Quantised.from_bytes("W6", raw, len(d), 32)
    np.testing.assert_array_equal(matrix.m.view(np.float16).astype(np.float64).ravel(), -32 * d.astype(np.float64))
    assert not matrix.dequantised().any()


@pytest.mark.parametrize("name", ["blk.1.attn_k.weight", "blk.0.ffn_up.weight"])
def test_a_code_out_of_range_is_refused_by_name(mixed, tmp_path, name):
    data = bytearray(open(mixed.path, "rb").read())
    (tensor,) = (tensor for tensor in GGUFReader(mixed.path).tensors if tensor.name == name)
    data[tensor.data_offset + 4] = 0x5F  # int8 95; nibbles 5 and 15
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(data)
    with pytest.raises(InputError, match=f"tensor {name} holds codes of more than {mixed.tensors[name].bits} bits"):
        checkpoint.load(bad)


def stated(ckpt, target, widths):
    """A copy of a checkpoint that states these widths."""
    reader, writer = GGUFReader(ckpt.path), GGUFWriter(target, "llama")
    for name, field in reader.fields.items():
        if not name.startswith("GGUF.") and name not in ("general.architecture", WEIGHT_BITS):
            writer.add_key_value(name, field.contents(), field.types[0], field.types[-1])
    (writer.add_array if isinstance(widths, list) else writer.add_uint32)(WEIGHT_BITS, widths)
    for tensor in reader.tensors:
        writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return target


@pytest.mark.parametrize("widths,words", [
    ([3, 5], "cartridge.weight_bits is [3, 5]"),
    ([2], "cartridge.weight_bits is [2]"),
    (3, "cartridge.weight_bits is 3"),
    ([6], "unsupported type Q4_1"),
])  # fmt: skip
def test_stated_widths_that_no_die_has(mixed, tmp_path, widths, words):
    with pytest.raises(InputError) as caught:
        checkpoint.load(stated(mixed, tmp_path / "t.gguf", widths))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_floats_are_no_mix(tmp_path):
    path = tiny.write(tmp_path / "t.gguf", kinds=tiny.MIX | {"attn_q": "F16"})
    with pytest.raises(InputError, match=r"blk.0.attn_q.weight has unsupported type F16"):
        checkpoint.load(path)


# ---- one matrix


def correlated(seed=4, n=96, out=40):
    """Weights, and inputs [T, n] of which each is mostly what few others say."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(600, 12)) @ rng.normal(size=(12, n)) + 0.2 * rng.normal(size=(600, n))
    return rng.normal(0, 0.1, (out, n)).astype(np.float32), x.astype(np.float32)


@pytest.mark.parametrize("bits,least", [(3, 2), (6, 2)])
def test_error_feedback_beats_rounding_to_nearest(bits, least):
    weights, x = correlated()

    def loss(gram):
        return float(((x @ (gptq.quantise(weights, gram, WIDTHS[bits]).dequantised() - weights).T) ** 2).sum())

    assert loss(x.T @ x) * least < loss(np.eye(x.shape[1]))


@pytest.mark.parametrize("bits", WIDTHS)
def test_nearest_codes_of_every_group(bits):
    weights, _ = correlated()
    matrix = gptq.quantise(weights, np.eye(weights.shape[1]), WIDTHS[bits])
    d, m = (word.view(np.float16).astype(np.float64).repeat(32, axis=1) for word in (matrix.d, matrix.m))
    offered = np.arange(1 << bits) * d[..., None] + m[..., None]
    nearest = np.abs(offered - weights[..., None]).min(axis=-1)
    assert np.abs(np.abs(matrix.dequantised() - weights) - nearest).max() < 1e-5
    spread = weights.reshape(-1, 32)
    grid = np.ptp(spread, axis=1) / ((1 << bits) - 1)
    error = ((matrix.dequantised() - weights).reshape(-1, 32) ** 2).mean(axis=1)
    assert (error < grid**2 / (12 if bits == 3 else 3)).mean() > 0.9  # of a uniform grid over the range: grid^2 / 12


@pytest.mark.parametrize("bits", WIDTHS)
def test_weights_that_the_width_holds_are_kept(bits):
    q = np.random.default_rng(2).integers(0, 1 << bits, (8, 64), dtype=np.uint8)
    q[:, ::32], q[:, 1::32] = 0, (1 << bits) - 1
    d = np.full((8, 2), 0.25, np.float16)
    m = d * -4 if bits == 3 else d * -32
    held = Quantised(WIDTHS[bits], q, d.view(np.uint16), m.view(np.uint16))
    assert gptq.quantise(held.dequantised(), np.eye(64), WIDTHS[bits]).to_bytes() == held.to_bytes()


@pytest.mark.parametrize("value", [0.0, 0.3, -0.3, 6e-8])
@pytest.mark.parametrize("bits", WIDTHS)
def test_groups_without_spread_and_inputs_never_seen(bits, value):
    weights = np.full((4, 64), value, dtype=np.float32)
    matrix = gptq.quantise(weights, np.zeros((64, 64)), WIDTHS[bits])
    np.testing.assert_allclose(matrix.dequantised(), weights, rtol=0.01, atol=1e-7)


@pytest.mark.parametrize("bits", WIDTHS)
def test_scales_stay_what_a_die_holds(bits):
    weights = np.random.default_rng(6).normal(0, 60, (8, 64)).astype(np.float32)
    matrix = gptq.quantise(weights, np.eye(64), WIDTHS[bits])
    d, m = (np.abs(word.view(np.float16)).max() for word in (matrix.d, matrix.m))
    assert 0.99 < d < 1 and 20 < m < 128


@pytest.mark.parametrize("bits", [0, 4, 5, 8])
def test_widths_that_no_die_has_are_refused(source, tmp_path, bits, text):
    with pytest.raises(InputError, match=f"qkv of {bits} bits"):
        mix.make(source, tmp_path / "t.gguf", text, SIX | {"qkv": bits})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kind", [*GGUF_KINDS])
def test_any_kind_that_a_die_holds(kind):
    """Error feedback does better than rounding to nearest by the half at least, in blocks that survive."""
    weights, x = correlated(n=512, out=24)
    gram = x.T @ x
    found = gptq.quantise(weights, gram, kind)
    nearest = plain(weights, kind)

    def loss(matrix):
        return float(((x @ (matrix.dequantised() - weights).T) ** 2).sum())

    assert found.kind == kind and 2 * loss(found) < loss(nearest)
    alone = gptq.quantise(weights, np.eye(512), kind)  # a search for the steps, no feedback
    assert ((alone.dequantised() - weights) ** 2).sum() < 1.1 * ((nearest.dequantised() - weights) ** 2).sum()
    again = Quantised.from_bytes(kind, found.to_bytes(), *weights.shape)
    for word in "qdsn":
        np.testing.assert_array_equal(getattr(again, word), getattr(found, word))
    np.testing.assert_array_equal(again.dequantised(), found.dequantised())
    assert set(np.unique(found.q)) >= set(range(1, (1 << found.bits) - 1)) or found.bits > 5


def plain(weights, kind):
    """Rounded to nearest, as the gguf library does, or as tests have K-quants."""
    if kind in K_KINDS:
        return k_quants.quantise(weights, kind)
    raw = gguf.quants.quantize(weights, GGMLQuantizationType[kind])
    return Quantised.from_bytes(kind, raw, *weights.shape)


@pytest.mark.parametrize("kind", K_KINDS)
def test_super_blocks_of_zeros_and_of_one_sign(kind):
    for value in (0.0, 0.5, -0.5):
        weights = np.full((4, 512), value, dtype=np.float32)
        weights[:, 256:] = 0
        found = gptq.quantise(weights, np.zeros((512, 512)), kind).dequantised()
        np.testing.assert_allclose(found, weights, rtol=0.05, atol=1e-7)


# ---- a whole checkpoint


def test_the_mix_of_a_checkpoint(source, tmp_path, text, monkeypatch):
    """Same bytes each time, the file as any reader sees it, what is kept, and what was measured."""
    monkeypatch.setattr(mix, "BOUND", 0.5)  # so small a model is hurt by little
    report = mix.make(source, tmp_path / "a.gguf", text)
    assert report == json.loads((tmp_path / "a.json").read_text()) == mix.make(source, tmp_path / "b.gguf", text)
    assert (tmp_path / "a.gguf").read_bytes() == (tmp_path / "b.gguf").read_bytes()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.gguf", "a.json", "b.gguf", "b.json"]
    found = checkpoint.load(tmp_path / "a.gguf")
    widths = {kind: about["bits"] for kind, about in report["kinds"].items()}
    assert set(widths.values()) == {3, 6}
    assert {part.bits for layer in range(3) for part in found.matrix("down", layer)} == {widths["down"]}
    assert {part.bits for layer in range(3) for part in found.matrix("qkv", layer)} == {widths["qkv"]}
    assert found.tensors[EMBEDDING].bits == widths["head"]
    assert {key: value for key, value in found.metadata.items() if key != WEIGHT_BITS} == source.metadata
    assert all((found.gains[name] == gain).all() for name, gain in source.gains.items())
    types = {tensor.name: tensor.tensor_type for tensor in GGUFReader(found.path).tensors}
    assert types["blk.0.attn_q.weight"] == GGMLQuantizationType["Q8_0" if widths["qkv"] == 6 else "Q4_1"]
    rises = {kind: np.log1p(about["rise_percent_at_3_bits"] / 100) for kind, about in report["kinds"].items()}
    assert widths in mix.candidates(rises, mix.kinds(source), mix.BOUND)
    assert report["rise_percent"] <= 100 * mix.BOUND
    measured = mix.perplexity(Reference(found), text.probes)
    assert np.exp(measured) == pytest.approx(report["perplexity"], rel=1e-5)


def test_stated_widths_are_taken(tmp_path, text):
    untied = checkpoint.load(tiny.write(tmp_path / "t.gguf", tied=False))
    widths = {"embed": 6, "head": 3, "qkv": 3, "o": 6, "gateup": 3, "down": 6}
    report = mix.make(untied, tmp_path / "out" / "mix.gguf", text, widths)
    found = checkpoint.load(tmp_path / "out" / "mix.gguf")
    arrays = {name: {part.bits for part in found.matrix(name, 1)} for name in ("qkv", "o", "gateup", "down", "head")}
    assert arrays | {"embed": {found.tensors[EMBEDDING].bits}} == {name: {bits} for name, bits in widths.items()}
    assert report["kinds"]["o"]["rise_percent_at_3_bits"] is None


def test_six_bits_cost_less_than_three(source, tmp_path, text):
    rise = {
        bits: mix.make(source, tmp_path / "t.gguf", text, dict.fromkeys(SIX, bits))["rise_percent"] for bits in WIDTHS
    }
    assert 10 * rise[6] < rise[3]


def test_the_choice_takes_what_helps_most_for_its_cells():
    rises, cells = {"a": 0.06, "b": 0.05, "c": 0.04, "d": -0.01}, {"a": 100, "b": 10, "c": 10, "d": 1}
    dear = [{"a": 6, "b": 6, "c": 6, "d": 3}, dict.fromkeys("abcd", 6)]
    assert list(mix.candidates(rises, cells, 0.01)) == dear
    assert list(mix.candidates(rises, cells, 0.06)) == [{"a": 3, "b": 6, "c": 6, "d": 3}, *dear]
    assert next(mix.candidates(rises, cells, 0.1)) == {"a": 3, "b": 6, "c": 3, "d": 3}
    assert next(mix.candidates(rises, cells, 1.0)) == dict.fromkeys("abcd", 3)


def test_a_mix_over_the_bound_gives_way_to_the_next(source, tmp_path, text, monkeypatch):
    hopes = {"head": 0.09, "qkv": 0.03, "o": 0.01, "gateup": 0.01, "down": 0.002}
    monkeypatch.setattr(mix, "_rises", lambda *_: hopes)
    monkeypatch.setattr(mix, "BOUND", 0.3)
    assert next(mix.candidates(hopes, mix.kinds(source), mix.BOUND)) == dict.fromkeys(hopes, 3)
    report = mix.make(source, tmp_path / "t.gguf", text)
    assert {about["bits"] for about in report["kinds"].values()} == {3, 6}
    assert report["rise_percent"] <= 30
    monkeypatch.setattr(mix, "BOUND", 0.01)
    with pytest.raises(InputError, match=r"weights of 6 bits raise perplexity by \d\.\d %"):
        mix.make(source, tmp_path / "u.gguf", text)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["t.gguf", "t.json"]


@pytest.mark.parametrize("form", ["GGUF", "parts", "folder"])
def test_a_file_of_llama_cpps_kinds(form, tmp_path):
    """From floats in any form: kinds by layer, keys for llama.cpp, and less lost than by rounding to nearest."""
    ckpt = floats(form, tmp_path)
    rng = np.random.default_rng(5)
    windows = [rng.integers(5, 145, 48).tolist() for _ in range(40)]
    text = anew.Text(windows, [[5, *Reference(ckpt).generate([5], 40)]])
    report = anew.make(ckpt, tmp_path / "out.gguf", text, "Q4_K_M")
    assert json.loads((tmp_path / "out.json").read_text()) == report
    found = checkpoint.load(tmp_path / "out.gguf")
    assert not found.conversion and found.shape == replace(ckpt.shape, eps=found.shape.eps)
    kinds = llama_mix.kinds("Q4_K_M", 2, gqa=2, tied="output.weight" not in ckpt.tensors)
    assert {name: tensor.kind for name, tensor in found.tensors.items()} == kinds
    assert report["weights"] == dict(Counter(kinds[n] for n, t in found.tensors.items() for _ in range(t.q.size)))
    assert {key for key in found.metadata.keys() ^ ckpt.metadata.keys() if not key.startswith("split.")} == {
        *("general.file_type", "general.quantization_version")
    }
    for key in found.metadata.keys() & ckpt.metadata.keys():
        wanted = ckpt.metadata[key]
        assert found.metadata[key] == (pytest.approx(wanted) if isinstance(wanted, float) else wanted)
    types = {key: field.types for key, field in GGUFReader(found.path).fields.items()}
    assert types["llama.block_count"] == types["tokenizer.ggml.bos_token_id"] == [GGUFValueType.UINT32]
    assert Tokenizer.from_checkpoint(found).encode("a b") == Tokenizer.from_checkpoint(ckpt).encode("a b")
    wanted = np.concatenate([Reference(ckpt).logits(window) for window in windows[:8]])

    def off(path):
        made = Reference(checkpoint.load(path))
        return np.concatenate([made.logits(window) for window in windows[:8]]) - wanted

    anew.round_to_nearest(ckpt, tmp_path / "nearest.gguf", "Q4_K_M")
    assert (off(tmp_path / "out.gguf") ** 2).sum() < (off(tmp_path / "nearest.gguf") ** 2).sum()


def floats(form, folder):
    """A model of two layers in floats, of widths that K-kinds have: a GGUF file, two parts of one, or a folder."""
    if form == "folder":
        config = test_folder.CONFIG | {"hidden_size": 256, "intermediate_size": 256}
        return checkpoint.load(test_folder.write(folder / "hf", test_folder.weights(config), config))
    path = tiny.write(folder / "tiny.gguf", **tiny.WIDE, kinds="F16")
    if form == "parts":
        path = test_folder.split(path, 2)[0]
    return checkpoint.load(path)


def test_a_mix_in_ggufs_own_kinds_of_3_and_6_bits(tmp_path, text):
    wide = checkpoint.load(tiny.write(tmp_path / "wide.gguf", **tiny.WIDE, kinds="F16"))
    mix.make(wide, tmp_path / "mix.gguf", text, SIX | {"o": 3, "gateup": 3}, mix.K_WIDTHS)
    found = checkpoint.load(tmp_path / "mix.gguf")
    kinds = {name: {part.kind for part in found.matrix(name, 1)} for name in ("qkv", "o", "gateup", "down", "head")}
    assert kinds == {"qkv": {"Q6_K"}, "o": {"Q3_K"}, "gateup": {"Q3_K"}, "down": {"Q6_K"}, "head": {"Q6_K"}}
    assert WEIGHT_BITS not in found.metadata


def test_narrow_matrices_have_no_super_blocks(source, tmp_path, text):
    with pytest.raises(InputError, match=r"the 64 inputs of tensor token_embd\.weight are not a multiple of 256"):
        mix.make(source, tmp_path / "t.gguf", text, SIX, mix.K_WIDTHS)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("changes", [{}, {"tied": False, "d_model": 96, "kv_heads": 1, "rope_dim": 8}])
def test_a_turned_stream_is_the_same_model(changes, tmp_path):
    """In floats; what enters the matrices has no outliers then, and the file of it says the same."""
    path = tiny.write(tmp_path / "t.gguf", **changes, kinds=dict.fromkeys((*llama_mix.ROLES, "token_embd"), "F32"))
    embedding = next(tensor for tensor in GGUFReader(path, "r+").tensors if tensor.name == EMBEDDING)
    embedding.data[:, 7] *= 30  # a dimension that stands out, as trained models have them
    embedding.data.base.flush()
    ckpt = checkpoint.load(path)
    turned = rotation.rotated(ckpt)
    tokens = list(range(20, 60))
    wanted = Reference(ckpt).logits(tokens)
    np.testing.assert_allclose(Reference(turned).logits(tokens), wanted, atol=1e-4 * wanted.std())
    assert all((gain == 1).all() for gain in turned.gains.values())
    peaks = [np.abs(model.weights(EMBEDDING)).max() for model in (ckpt, turned)]
    assert 2 * peaks[1] < peaks[0]
    text = anew.Text([tokens], [tokens])
    anew.make(turned, tmp_path / "out.gguf", text, "Q8_0")
    found = Reference(checkpoint.load(tmp_path / "out.gguf")).logits(tokens)
    assert np.sqrt(((found - wanted) ** 2).mean()) < 0.05 * wanted.std()


@pytest.mark.parametrize("size", [1, 2, 12, 64, 576])
def test_turns_are_orthogonal(size):
    turn = rotation.orthogonal(size)
    np.testing.assert_allclose(turn @ turn.T, np.eye(size), atol=1e-12)
    np.testing.assert_array_equal(turn, rotation.orthogonal(size))
    if size == 64:
        np.testing.assert_allclose(np.abs(turn), 1 / 8)  # Hadamard's


def test_windows_of_three_texts(source, monkeypatch):
    monkeypatch.setattr(prose, "text", lambda name: f"{name} silicon " * 4000)
    text = mix.Text.of(source)
    assert (len(text.windows), len(text.probes)) == (36, 6)
    assert {len(window) for window in (*text.windows, *text.probes)} == {anew.WINDOW}


def test_a_mix_is_not_quantised_again(mixed, tmp_path, text):
    with pytest.raises(InputError, match="weights of 3 and 6 bits already"):
        mix.make(mixed, tmp_path / "t.gguf", text)
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written(source, tmp_path, text):
    (tmp_path / "t.gguf").mkdir()
    with pytest.raises(InputError, match="cannot write:"):
        mix.make(source, tmp_path / "t.gguf", text, SIX)
    assert [file.name for file in tmp_path.iterdir()] == ["t.gguf"]


# ---- what follows from a mix


def test_slices_in_the_mask(mixed, tmp_path):
    """lo + 8*hi, three bits of a digit each; the mask gives back the checkpoint; a fault is found."""
    die = etch.die_for(mixed, kv_depth=16)
    assert die.cell_bits == 3
    assert die.slices == {"qkv": 2, "o": 1, "gateup": 1, "down": 2, "head": 2}
    mask = etch.etch(mixed, die, tmp_path / "mask")
    found = decode.read_back(mask)
    assert all(found[name] == tensor.to_bytes() for name, tensor in mixed.tensors.items())
    assert audit.audit(mixed, die, mask) == []
    down = Image.read(mask, "down", 1, Kind.CELLS, (2, 96, 8))
    digits = image.digits(down.words)
    assert digits.max() == 7
    low, high = digits.transpose(0, 3, 2, 1).reshape(2, 64, 96)
    np.testing.assert_array_equal(low + 8 * high, mixed.matrix("down", 1)[0].q)
    image.disturb(mask / "down_001.w.bin", 0, 1 << 28)
    (fault,) = audit.audit(mixed, die, mask)
    assert "layer 1, stage down" in fault


def test_golden_model_of_a_mix(mixed):
    """Close to the float reference on the same weights."""
    tokens = list(range(20, 44))
    chip = Chip(mixed, etch.die_for(mixed, act_w=16, kv_w=12, kv_depth=32))
    step = chip.run(0, tokens)[-1]
    logits = Reference(mixed).logits(tokens)[-1]
    assert step.token_out == int(logits.argmax())
    np.testing.assert_allclose(step.stages[Stage.LOGITS, CHIP] / 65536, logits, atol=0.05)
