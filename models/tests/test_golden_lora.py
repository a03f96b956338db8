# SPDX-License-Identifier: Apache-2.0
"""Low-rank adapters: their arithmetic bit for bit, where they act, their distance from float, where their words lie."""

import dataclasses
import math
from fractions import Fraction

import numpy as np
import pytest

from models.adapter import Adapter, Codes, module_sizes
from models.checkpoint import checkpoint, tiny
from models.checkpoint.checkpoint import PARTS
from models.checkpoint.peft import LowRank
from models.die.shape import Die, check_fits
from models.errors import InputError
from models.golden.chip import Chip
from models.golden.fixed_point import FX_ONE
from models.golden.lora import lora
from models.golden.stage import CHIP, Stage
from models.reference import Reference

INT_MIN, INT_MAX = -(1 << 31), (1 << 31) - 1
LARGEST = np.nextafter(np.float16(1), np.float16(0)).view(np.uint16)
HALF, QUARTER = (np.float16(value).view(np.uint16) for value in (0.5, 0.25))
STAGES = {  # where each module shows first
    "attn_q": Stage.Q, "attn_k": Stage.K, "attn_v": Stage.V, "attn_output": Stage.O_PROJ,
    "ffn_gate": Stage.GATE, "ffn_up": Stage.UP, "ffn_down": Stage.DOWN,
}  # fmt: skip
DIE = Die(kv_depth=24, slots=3)


@pytest.fixture(scope="module")
def ckpt(tmp_path_factory):
    return checkpoint.load(tiny.write(tmp_path_factory.mktemp("tiny") / "tiny.gguf"))


@pytest.fixture
def rng():
    return np.random.default_rng(8)


def floats(shape, rng, rank=4, parts=None, spread=0.1):
    """A random float adapter."""
    return {
        name: LowRank(
            rng.normal(0, spread, (rank, inputs)).astype(np.float32),
            rng.normal(0, spread, (out, rank)).astype(np.float32),
        )
        for name, (out, inputs) in module_sizes(shape).items()
        if parts is None or name.split(".")[2] in parts
    }


def slow_lora(y, x, shifts, codes, act_w):
    """The page for one token, line by line, in Python integers."""

    def rsr(v, r):
        return math.floor((Fraction(v) + (Fraction(2) ** (r - 1) if r else 0)) / 2**r)

    def sat(v, width):
        return max(-(2 ** (width - 1)), min(2 ** (width - 1) - 1, v))

    sa, sb = (int(float(np.uint16(word).view(np.float16)) * 2**24) for word in (codes.a_scale, codes.b_scale))
    a, b = codes.a.tolist(), codes.b.tolist()
    u = []
    for row in a:
        p = sum(sum(row[32 * k + r] * int(x[k][r]) for r in range(32)) << int(shift) for k, shift in enumerate(shifts))
        u.append(sat(rsr(sat(p, 40) * sa, 24), 32))
    union = 0
    for v in u:
        union |= ~v if v < 0 else v
    su = max(0, union.bit_length() - (act_w - 1))
    mu = [min(rsr(v, su), 2 ** (act_w - 1) - 1) for v in u]
    return [
        sat(int(y[n]) + rsr(sum(c * m for c, m in zip(b[n], mu, strict=True)) * sb, 24 - su), 32) for n in range(len(b))
    ]


def test_a_small_one_by_hand():
    mantissas, shifts = np.zeros((2, 32), dtype=np.int64), np.array([2, 0])
    mantissas[0, 3], mantissas[1, 0] = 100, -7
    a = np.zeros((2, 64), dtype=np.int8)
    a[0, 3], a[0, 32], a[1, 32] = 5, 1, -1
    b = np.array([[3, 0], [-2, 1], [0, 1]], dtype=np.int8)
    # p = 5 * 100 * 4 - 7 = 1993 and 7; halved: 996.5 and 3.5, rounded up; 11 bits hold both
    # B: 3 * 997 = 2991, -2 * 997 + 4 = -1990 and 4; quartered: 747.75, -497.5 (up: -497) and 1
    out = lora(np.array([10, 10, INT_MAX]), mantissas, shifts, Codes(a, b, HALF, QUARTER), 12)
    assert out.tolist() == [758, -487, INT_MAX]


@pytest.mark.parametrize("act_w", [8, 12, 16])
def test_the_page_bit_for_bit(rng, act_w):
    rank, out, blocks = 3, 5, 4
    saturated = 0
    for turn in range(60):
        reach = int(rng.integers(1, act_w))
        x = rng.integers(-(1 << reach), 1 << reach, (blocks, 32))
        shifts = rng.integers(0, 33 - act_w, blocks)
        a, b = (rng.integers(-128, 128, size).astype(np.int8) for size in ((rank, blocks * 32), (out, rank)))
        scales = rng.integers(0, 0x3C00, 2).astype(np.uint16)  # every binary16 from 0 to below 1
        y = rng.integers(INT_MIN, INT_MAX, out) >> int(rng.integers(0, 24))
        if turn % 3 == 0:  # all the extremes at once
            x[:] = rng.choice([-(1 << act_w - 1), (1 << act_w - 1) - 1], (blocks, 1))
            shifts[:] = 32 - act_w
            a[:] = rng.choice([-128, 127], (rank, 1))
            scales[:] = LARGEST
        codes = Codes(a, b, *scales)
        found = lora(y, x, shifts, codes, act_w).tolist()
        assert found == slow_lora(y, x, shifts, codes, act_w)
        saturated += INT_MIN in found or INT_MAX in found
    assert saturated


def test_many_tokens_are_as_one(rng):
    x, shifts = rng.integers(-2048, 2048, (7, 2, 32)), rng.integers(0, 20, (7, 2))
    y = rng.integers(-(1 << 20), 1 << 20, (7, 5))
    codes = Codes.of(rng.normal(0, 1, (2, 64)), rng.normal(0, 1, (5, 2)), 8)
    together = lora(y, x, shifts, codes, 12)
    assert np.array_equal(together, [lora(y[t], x[t], shifts[t], codes, 12) for t in range(7)])


def same(one, other):
    return all(np.array_equal(values, other.stages[key]) for key, values in one.stages.items())


@pytest.mark.parametrize("which", ["no modules", "codes 0", "scales 0"])
def test_a_zero_adapter_is_none_bit_for_bit(ckpt, rng, which):
    made = Adapter.of(floats(ckpt.shape, rng), ckpt.shape, DIE, "random")
    if which == "no modules":
        modules = {}
    elif which == "codes 0":
        modules = {name: dataclasses.replace(c, a=0 * c.a, b=0 * c.b) for name, c in made.modules.items()}
    else:
        none = np.uint16(0)
        modules = {name: dataclasses.replace(c, a_scale=none, b_scale=none) for name, c in made.modules.items()}
    tokens = rng.integers(0, ckpt.shape.vocab, 12).tolist()
    chip = Chip(ckpt, DIE)
    base = chip.run(0, tokens)
    assert all(map(same, base, chip.run(1, tokens, adapter=Adapter(ckpt.shape, DIE, modules))))
    assert not any(map(same, base, chip.run(2, tokens, adapter=made)))


@pytest.mark.parametrize("part", STAGES)
def test_a_module_shows_first_at_its_stage(ckpt, rng, part):
    made = Adapter.of(floats(ckpt.shape, rng, parts=[part]), ckpt.shape, DIE, part)
    made = Adapter(ckpt.shape, DIE, {f"blk.1.{part}": made.modules[f"blk.1.{part}"]})
    chip = Chip(ckpt, DIE)
    (base,), (changed,) = chip.run(0, [9]), chip.run(1, [9], adapter=made)
    differ = {key for key, values in base.stages.items() if not np.array_equal(values, changed.stages[key])}
    later = {(stage, layer) for stage, layer in base.stages if layer == 2 or (layer == 1 and stage > STAGES[part])}
    assert (STAGES[part], 1) in differ
    assert differ <= later | {(STAGES[part], 1)} | {(stage, CHIP) for stage in list(Stage)[17:]}


def test_slots_have_adapters_of_their_own(ckpt, rng):
    one, two = (Adapter.of(floats(ckpt.shape, rng), ckpt.shape, DIE, "random") for _ in range(2))
    tokens = rng.integers(0, ckpt.shape.vocab, 8).tolist()
    alone = [Chip(ckpt, DIE).run(slot, tokens, adapter=adapter) for slot, adapter in enumerate((one, None, two))]
    chip = Chip(ckpt, DIE)
    for at, token in enumerate(tokens):
        for slot, adapter in enumerate((one, None, two)):
            (step,) = chip.run(slot, [token], want_last=at == len(tokens) - 1, adapter=adapter)
            assert same(step, alone[slot][at])
    chip.reset(0)  # adapters change between conversations
    assert all(map(same, chip.run(0, tokens, want_last=False), alone[1]))


def test_close_to_the_float_reference(ckpt, rng):
    """The codes' error is that of 8 bits; what the arithmetic adds to it is what it adds without an adapter."""
    made = floats(ckpt.shape, rng)
    tokens = rng.integers(0, ckpt.shape.vocab, 20).tolist()
    adapter = Adapter.of(made, ckpt.shape, DIE, "random")
    codes = {name: LowRank(*module.values()) for name, module in adapter.modules.items()}
    chip = Chip(ckpt, DIE)
    golden, plain = chip.logits(0, tokens, adapter) / FX_ONE, chip.logits(1, tokens) / FX_ONE
    base, wanted, coded = (Reference(ckpt, adapter).logits(tokens) for adapter in (None, made, codes))

    def far(one, other):
        return np.sqrt(np.mean(np.square(one - other)) / np.mean(np.square(other)))

    assert far(base, wanted) > 0.3  # it is no small change
    assert far(golden, wanted) < 0.02
    assert far(coded, wanted) < 0.015
    assert far(golden, coded) < 1.5 * far(plain, base)


@pytest.mark.parametrize("spread", [1e-4, 0.1, 1])
def test_codes_keep_the_product(rng, spread):
    a, b = rng.normal(0, spread, (4, 64)), rng.normal(0, 0.1, (48, 4))
    a *= [[1], [4], [0.25], [1]]  # which B may have to make good
    codes = Codes.of(a, b, 8)
    assert codes.a.shape == (8, 64) and codes.b.shape == (48, 8) and not codes.a[4:].any() and not codes.b[:, 4:].any()
    assert np.abs(codes.a[:4]).max(axis=1).tolist() == [127] * 4 and np.abs(codes.b).max() > 120
    values_a, values_b = codes.values()
    wanted = b @ a
    assert np.linalg.norm(values_b @ values_a - wanted) < 0.015 * np.linalg.norm(wanted)


def test_codes_of_zeros():
    codes = Codes.of(np.zeros((2, 32)), np.ones((4, 2)), 2)
    assert not codes.a.any() and codes.a_scale == 0


def test_scales_that_a_die_cannot_hold(ckpt, rng):
    made = floats(ckpt.shape, rng, parts=["attn_v"])
    made["blk.2.attn_v"] = LowRank(made["blk.2.attn_v"].a * 1000, made["blk.2.attn_v"].b * 10)
    with pytest.raises(
        InputError, match=r"the adapter of blk.2.attn_v needs a scale that a die cannot hold .* \(loud\)"
    ):
        Adapter.of(made, ckpt.shape, DIE, "loud")


@pytest.mark.parametrize(
    ("change", "die", "what"),
    [
        ({}, {"rank": 3}, "the adapter of blk.0.attn_q has rank 4, the die 3"),
        ({}, {"rank": 0}, "the die has no adapters"),
        ({"blk.3.attn_q": (64, 64)}, {}, "the die has no module blk.3.attn_q"),
        ({"blk.0.ffn_down": (64, 64)}, {}, r"blk.0.ffn_down is for a matrix of \(64, 64\), the die's is \(64, 96\)"),
    ],
)
def test_what_the_die_cannot_hold(ckpt, rng, change, die, what):
    made = floats(ckpt.shape, rng)
    for name, (out, inputs) in change.items():
        made[name] = LowRank(np.ones((4, inputs)), np.ones((out, 4)))
    with pytest.raises(InputError, match=what):
        Adapter.of(made, ckpt.shape, dataclasses.replace(DIE, **die), "here")


@pytest.mark.parametrize(
    ("field", "value"), [("rank", 65), ("rank", -1), ("adapters", 0), ("adapters", 16), ("top_k", 1), ("top_k", 17)]
)
def test_dies_that_cannot_be_built(ckpt, field, value):
    with pytest.raises(InputError, match=f"{value}"):
        check_fits(ckpt.shape, dataclasses.replace(DIE, **{field: value}), "here")


@pytest.mark.parametrize("lanes", [32, 64])
def test_words_lie_where_the_page_says(tmp_path, rng, lanes):
    ckpt = checkpoint.load(tiny.write(tmp_path / "tiny.gguf", layers=2, d_model=128, head_dim=32, d_ffn=192))
    shape, die = ckpt.shape, dataclasses.replace(DIE, lanes=lanes, rank=5)
    made = Adapter.of(floats(shape, rng), shape, die, "random")
    del made.modules["blk.1.attn_k"]
    sizes = module_sizes(shape)
    for array, parts in PARTS.items():
        inputs, outputs = shape.matrix_size(array, lanes)
        words = made.words(1, array)
        count = len(parts) * inputs // lanes + outputs // lanes + 1  # A of each module, B, scales
        assert words.shape == (count, 5 * lanes) and words.dtype == np.uint8
        signed = words.view(np.int8)
        beats = outputs // lanes
        # which module's which row is column l of an output beat
        if array == "gateup":
            order = [(parts[beat % 2], beat // 2 * lanes) for beat in range(beats)]
        else:
            order = [(part, at) for part in parts for at in range(0, sizes[f"blk.1.{part}"][0], lanes)]
        for m, part in enumerate(parts):
            if codes := made.layer(1).get(part):
                for beat, i, lane in [(0, 0, 0), (inputs // lanes - 1, 4, lanes - 1), (1, 2, 7)]:
                    assert signed[m * inputs // lanes + beat, i * lanes + lane] == codes.a[i, beat * lanes + lane]
                scale = int(codes.a_scale) | int(codes.b_scale) << 16
            else:
                scale = 0
            assert int.from_bytes(words[-1, 4 * m : 4 * m + 4].tobytes(), "little") == scale
        assert not words[-1, 4 * len(parts) :].any()
        for beat, (part, row) in enumerate(order):
            if codes := made.layer(1).get(part):
                for i, lane in [(0, 0), (4, lanes - 1), (3, 5)]:
                    assert signed[len(parts) * inputs // lanes + beat, i * lanes + lane] == codes.b[row + lane, i]
            else:
                assert not signed[len(parts) * inputs // lanes + beat].any()


def test_a_file_of_codes_comes_back(ckpt, rng, tmp_path):
    made = Adapter.of(floats(ckpt.shape, rng), ckpt.shape, DIE, "random")
    path = made.save(tmp_path / "deep" / "a.npz")
    read = Adapter.load(path, ckpt.shape, DIE)
    assert read.modules.keys() == made.modules.keys()
    assert all(np.array_equal(read.words(1, array), made.words(1, array)) for array in PARTS)
    with pytest.raises(InputError, match=r"blk.0.attn_q is of another die \(.*a.npz\)"):
        Adapter.load(path, ckpt.shape, dataclasses.replace(DIE, rank=4))
    loud = dict(made.modules) | {"blk.0.attn_q": dataclasses.replace(made.modules["blk.0.attn_q"], b_scale=0x3C00)}
    with pytest.raises(InputError, match=r"blk.0.attn_q has no codes and scales of a die"):
        Adapter.load(Adapter(ckpt.shape, DIE, loud).save(path), ckpt.shape, DIE)
    for damaged in (path.read_bytes()[:200], b"", b"\x93NUMPY"):
        path.write_bytes(damaged)
        with pytest.raises(InputError, match="no adapter here"):
            Adapter.load(path, ckpt.shape, DIE)
    with pytest.raises(InputError, match="no adapter here"):
        Adapter.load(tmp_path / "nowhere", ckpt.shape, DIE)
