# SPDX-License-Identifier: Apache-2.0
"""The golden chip on the tiny model: prefill, slots, limits, and its distance from the float reference."""

import itertools

import numpy as np
import pytest

from models.checkpoint import checkpoint, tiny
from models.die.shape import Die
from models.errors import InputError
from models.golden.chip import PREFILL, Chip
from models.golden.stage import CHIP, Stage
from models.reference import Reference

DIE = Die(kv_depth=PREFILL + 16)


@pytest.fixture(scope="module")
def ckpt(tmp_path_factory):
    path = tmp_path_factory.mktemp("tiny") / "tiny.gguf"
    tiny.write(path)
    return checkpoint.load(path)


@pytest.fixture(scope="module")
def tokens(ckpt):
    return np.random.default_rng(3).integers(0, ckpt.shape.vocab, PREFILL + 9).tolist()


def same(one, other):
    assert (one.slot, one.pos, one.token_in, one.token_out) == (other.slot, other.pos, other.token_in, other.token_out)
    assert one.stages.keys() == other.stages.keys()
    for key, values in one.stages.items():
        assert np.array_equal(values, other.stages[key]), key


def test_every_stage_has_the_size_of_the_formats(ckpt, tokens):
    shape = ckpt.shape
    steps = Chip(ckpt, DIE).run(0, tokens)
    sizes = {
        Stage.ATTN_NORM: shape.d_model, Stage.Q: shape.d_q, Stage.K: shape.d_kv, Stage.V: shape.d_kv,
        Stage.Q_ROPE: shape.d_q, Stage.K_ROPE: shape.d_kv, Stage.ATTN_OUT: shape.d_q, Stage.O_PROJ: shape.d_model,
        Stage.ATTN_RESIDUAL: shape.d_model, Stage.FFN_NORM: shape.d_model, Stage.GATE: shape.d_ffn,
        Stage.UP: shape.d_ffn, Stage.SILU_MUL: shape.d_ffn, Stage.DOWN: shape.d_model,
        Stage.FFN_RESIDUAL: shape.d_model,
    }  # fmt: skip
    answer = {Stage.FINAL_NORM: (shape.d_model,), Stage.LOGITS: (shape.vocab,), Stage.TOKEN: (1,)}
    assert [step.pos for step in steps] == list(range(len(tokens)))
    for step in steps:
        expected = {(Stage.EMBEDDING, CHIP): (shape.d_model,)}
        for layer in range(shape.layers):
            expected |= {(stage, layer): (size,) for stage, size in sizes.items()}
            expected[Stage.ATTN_WEIGHT, layer] = (step.pos + 1, shape.heads)
        if step is steps[-1]:
            expected |= {(stage, CHIP): size for stage, size in answer.items()}
            assert step.token_out == step.stages[Stage.TOKEN, CHIP][0] == step.stages[Stage.LOGITS, CHIP].argmax()
        else:
            assert step.token_out is None
        assert {key: values.shape for key, values in step.stages.items()} == expected
        assert {values.dtype for values in step.stages.values()} == {np.dtype(np.int32)}


def test_prefill_is_decode_bit_for_bit(ckpt, tokens):
    together, alone = Chip(ckpt, DIE), Chip(ckpt, DIE)
    at_once = together.run(1, tokens)
    one_by_one = [alone.run(1, [token], want_last=i == len(tokens) - 1)[0] for i, token in enumerate(tokens)]
    for pair in zip(at_once, one_by_one, strict=True):
        same(*pair)


def test_logits_are_those_of_run(ckpt, tokens):
    chip = Chip(ckpt, DIE)
    logits = chip.logits(0, tokens)
    assert logits.shape == (len(tokens), ckpt.shape.vocab)
    for count in (1, PREFILL, PREFILL + 1, len(tokens)):
        chip.reset(0)
        assert np.array_equal(chip.run(0, tokens[:count])[-1].stages[Stage.LOGITS, CHIP], logits[count - 1])


def test_slots_are_isolated(ckpt, tokens):
    chip = Chip(ckpt, DIE)
    alone = {
        slot: Chip(ckpt, DIE).run(slot, prompt, want_last=False)
        for slot, prompt in ((0, tokens[:20]), (1, tokens[20:40]))
    }
    for i in range(20):
        same(chip.run(0, [tokens[i]], want_last=False)[0], alone[0][i])
        same(chip.run(1, [tokens[20 + i]], want_last=False)[0], alone[1][i])
    chip.reset(0)
    assert (chip.position(0), chip.position(1)) == (0, 20)
    same(chip.run(0, tokens[:1], want_last=False)[0], alone[0][0])


def test_history_matters(ckpt, tokens):
    chip = Chip(ckpt, DIE)
    first = chip.run(0, tokens[:9])[-1]
    second = chip.run(1, [(tokens[0] + 1) % ckpt.shape.vocab, *tokens[1:9]])[-1]
    assert not np.array_equal(first.stages[Stage.LOGITS, CHIP], second.stages[Stage.LOGITS, CHIP])


def distance(ckpt, die, tokens):
    """RMS error of the golden logits, relative to the RMS of the reference's."""
    wanted = Reference(ckpt).logits(tokens)
    error = Chip(ckpt, die).logits(0, tokens) / 65536 - wanted
    return np.sqrt(np.mean(np.square(error)) / np.mean(np.square(wanted)))


VARIANTS = {
    "grouped": {},
    "plain": {"kv_heads": 4, "kinds": {"attn_q": "Q4_0", "ffn_down": "Q8_0", "blk.1.attn_v.weight": "Q5_1"}},
    "partial": {"rope_dim": 8, "rope_factors": (1.0, 2.0, 4.0, 8.0), "tied": False, "kinds": {"output": "Q4_1"}},
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_close_to_the_reference(variant, tokens, tmp_path):
    """The errors left are those of the formats: they fall with every bit of the mantissas."""
    ckpt = checkpoint.load(tiny.write(tmp_path / "tiny.gguf", **VARIANTS[variant]))
    widths = ((8, 6), (10, 8), (12, 10), (14, 12))
    far = [distance(ckpt, Die(act_w=act_w, kv_w=kv_w), tokens) for act_w, kv_w in widths]
    assert far[2] < 0.02
    assert all(wider < narrower / 2.5 for narrower, wider in itertools.pairwise(far))


@pytest.mark.parametrize("count", [DIE.kv_depth, DIE.kv_depth + 1])
def test_kv_depth(ckpt, count):
    chip = Chip(ckpt, DIE)
    if count <= DIE.kv_depth:
        assert chip.run(0, [1] * count)[-1].pos == DIE.kv_depth - 1
    with pytest.raises(InputError, match=f"the KV cache holds {DIE.kv_depth}"):
        chip.run(0, [1] * (DIE.kv_depth + 1 - chip.position(0)))


@pytest.mark.parametrize("wrong", [[], [-1], [1, 10**6]])
def test_bad_tokens(ckpt, wrong):
    chip = Chip(ckpt, DIE)
    with pytest.raises(InputError, match="slot 0"):
        chip.run(0, wrong)
    assert chip.position(0) == 0


def test_a_die_that_cannot_hold_the_shape(ckpt):
    with pytest.raises(InputError, match="activation width 17"):
        Chip(ckpt, Die(act_w=17))
