# SPDX-License-Identifier: Apache-2.0
"""Weights of 3 and 6 bits: their codes, the quantiser, the choice of widths, and masks and golden model of a mix."""

import json

import numpy as np
import pytest
from gguf import GGMLQuantizationType, GGUFReader, GGUFWriter

from models.checkpoint import checkpoint, prose, tiny
from models.checkpoint.checkpoint import EMBEDDING, KINDS, WEIGHT_BITS, WIDTHS
from models.checkpoint.quantised import Quantised
from models.errors import InputError
from models.golden.chip import Chip
from models.golden.stage import CHIP, Stage
from models.mask import audit, decode, etch, image
from models.mask.image import Image, Kind
from models.quantise import gptq, mix
from models.reference import Reference

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
        return float(((x @ (gptq.quantise(weights, gram, bits).dequantised() - weights).T) ** 2).sum())

    assert loss(x.T @ x) * least < loss(np.eye(x.shape[1]))


@pytest.mark.parametrize("bits", WIDTHS)
def test_nearest_codes_of_every_group(bits):
    weights, _ = correlated()
    matrix = gptq.quantise(weights, np.eye(weights.shape[1]), bits)
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
    assert gptq.quantise(held.dequantised(), np.eye(64), bits).to_bytes() == held.to_bytes()


@pytest.mark.parametrize("value", [0.0, 0.3, -0.3, 6e-8])
@pytest.mark.parametrize("bits", WIDTHS)
def test_groups_without_spread_and_inputs_never_seen(bits, value):
    weights = np.full((4, 64), value, dtype=np.float32)
    matrix = gptq.quantise(weights, np.zeros((64, 64)), bits)
    np.testing.assert_allclose(matrix.dequantised(), weights, rtol=0.01, atol=1e-7)


@pytest.mark.parametrize("bits", WIDTHS)
def test_scales_stay_what_a_die_holds(bits):
    weights = np.random.default_rng(6).normal(0, 60, (8, 64)).astype(np.float32)
    matrix = gptq.quantise(weights, np.eye(64), bits)
    d, m = (np.abs(word.view(np.float16)).max() for word in (matrix.d, matrix.m))
    assert 0.99 < d < 1 and 20 < m < 128


@pytest.mark.parametrize("bits", [0, 4, 5, 8])
def test_widths_that_no_die_has_are_refused(source, tmp_path, bits, text):
    with pytest.raises(InputError, match=f"weights of {bits} bits"):
        gptq.quantise(np.zeros((4, 32), np.float32), np.eye(32), bits)
    with pytest.raises(InputError, match=f"qkv of {bits} bits"):
        mix.make(source, tmp_path / "t.gguf", text, SIX | {"qkv": bits})
    assert not list(tmp_path.iterdir())


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


def test_windows_of_three_texts(source, monkeypatch):
    monkeypatch.setattr(prose, "text", lambda name: f"{name} silicon " * 4000)
    text = mix.Text.of(source)
    assert (len(text.windows), len(text.probes)) == (36, 6)
    assert {len(window) for window in (*text.windows, *text.probes)} == {mix.WINDOW}


def test_a_mix_is_not_quantised_again(mixed, tmp_path, text):
    with pytest.raises(InputError, match="weights of 3 and 6 bits already"):
        mix.make(mixed, tmp_path / "t.gguf", text)
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written(source, tmp_path, text):
    (tmp_path / "t.gguf").mkdir()
    with pytest.raises(InputError, match="cannot write the mix"):
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
