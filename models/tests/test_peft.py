# SPDX-License-Identifier: Apache-2.0
"""The reader of PEFT folders: what it honours, the order of q and k rows, and every refusal."""

import json
import re

import numpy as np
import pytest
import safetensors.numpy

from models.adapter import Adapter, module_sizes, rank_for
from models.checkpoint import checkpoint, peft, tiny
from models.die.shape import Die
from models.errors import InputError
from models.reference import Reference

CONFIG = {  # as PEFT 0.21 writes it, without what is the same in all
    "peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": "tiny", "r": 4, "lora_alpha": 6,
    "target_modules": ["q_proj", "v_proj", "down_proj"], "bias": "none", "use_dora": False, "use_rslora": False,
    "fan_in_fan_out": False, "init_lora_weights": True, "lora_dropout": 0.05, "modules_to_save": None,
    "layers_to_transform": None, "layers_pattern": None, "rank_pattern": {}, "alpha_pattern": {},
    "exclude_modules": None,
    "layer_replication": None, "trainable_token_indices": None, "target_parameters": None, "lora_bias": False,
    "use_qalora": False, "inference_mode": True, "revision": None, "megatron_core": "megatron.core", "loftq_config": {},
}  # fmt: skip
NAMES = dict(zip(peft.MODULES.values(), peft.MODULES, strict=True))
PLACE = "base_model.model.model.layers.{}.{}.lora_{}.weight"


@pytest.fixture(scope="module")
def ckpt(tmp_path_factory):
    return checkpoint.load(tiny.write(tmp_path_factory.mktemp("tiny") / "tiny.gguf"))


@pytest.fixture
def rng():
    return np.random.default_rng(4)


def weights(shape, rng, parts=("attn_q", "attn_v", "ffn_down"), layers=(0, 1, 2), rank=4):
    """Tensors of a folder, by PEFT's names."""
    tensors = {}
    for layer in layers:
        for part in parts:
            out, inputs = module_sizes(shape)[f"blk.{layer}.{part}"]
            tensors[PLACE.format(layer, NAMES[part], "A")] = rng.normal(0, 0.2, (rank, inputs)).astype(np.float32)
            tensors[PLACE.format(layer, NAMES[part], "B")] = rng.normal(0, 0.2, (out, rank)).astype(np.float32)
    return tensors


def folder(path, tensors, **config):
    """A PEFT folder; gives its path."""
    path.mkdir(exist_ok=True)
    (path / peft.CONFIG).write_text(json.dumps(CONFIG | config))
    (path / peft.WEIGHTS).write_bytes(safetensors.numpy.save(tensors))
    return path


def delta(module):
    return module.b @ module.a


def test_rank_and_alpha(ckpt, rng, tmp_path):
    tensors = weights(ckpt.shape, rng)
    found = peft.read(folder(tmp_path / "a", tensors), ckpt.shape)
    assert set(found) == {f"blk.{layer}.{part}" for layer in range(3) for part in ("attn_q", "attn_v", "ffn_down")}
    a, b = (tensors[PLACE.format(1, NAMES["ffn_down"], side)] for side in "AB")
    np.testing.assert_allclose(delta(found["blk.1.ffn_down"]), b @ a * (6 / 4), rtol=1e-5, atol=1e-6)
    found = peft.read(folder(tmp_path / "a", tensors, use_rslora=True), ckpt.shape)
    np.testing.assert_allclose(delta(found["blk.1.ffn_down"]), b @ a * (6 / 2), rtol=1e-5, atol=1e-6)


def test_patterns(ckpt, rng, tmp_path):
    tensors = weights(ckpt.shape, rng) | weights(ckpt.shape, rng, ["attn_v"], [1], rank=2)
    patterns = {
        "rank_pattern": {r"layers\.1\.self_attn\.v_proj": 2},
        "alpha_pattern": {"down_proj": 12, r".*\.2\.mlp\.down_proj": 3},  # the first that fits counts
    }
    found = peft.read(folder(tmp_path / "a", tensors, **patterns), ckpt.shape)
    assert len(found["blk.1.attn_v"].a) == 2 and len(found["blk.2.attn_v"].a) == 4
    for name, part, layer, scale in (
        ("v", "attn_v", 1, 6 / 2),
        ("v", "attn_v", 2, 6 / 4),
        ("d", "ffn_down", 2, 12 / 4),
    ):
        a, b = (tensors[PLACE.format(layer, NAMES[part], side)] for side in "AB")
        np.testing.assert_allclose(
            delta(found[f"blk.{layer}.{part}"]), b @ a * scale, rtol=1e-5, atol=1e-6, err_msg=name
        )
    made = Adapter.load(tmp_path / "a", ckpt.shape, Die(rank=4))
    assert not made.modules["blk.1.attn_v"].a[2:].any()


@pytest.mark.parametrize(
    ("config", "parts", "layers"),
    [
        ({"target_modules": ["self_attn.k_proj"]}, ["attn_k"], range(3)),
        ({"target_modules": ["model.layers.1.mlp.up_proj", "o_proj"], "exclude_modules": ["0.self_attn.o_proj"]}, 0, 0),
        ({"target_modules": r".*\.(gate|up)_proj"}, ["ffn_gate", "ffn_up"], range(3)),
        ({"target_modules": "all-linear"}, list(NAMES), range(3)),
        ({"target_modules": "all-linear", "exclude_modules": r".*mlp.*"}, list(NAMES)[:4], range(3)),
        ({"target_modules": ["q_proj"], "layers_to_transform": [0, 2]}, ["attn_q"], [0, 2]),
        ({"target_modules": ["q_proj"], "layers_to_transform": 1, "layers_pattern": "layers"}, ["attn_q"], [1]),
    ],
)  # fmt: skip
def test_targets(ckpt, rng, tmp_path, config, parts, layers):
    if parts:
        tensors = weights(ckpt.shape, rng, parts, layers)
        names = {f"blk.{layer}.{part}" for layer in layers for part in parts}
    else:
        tensors = weights(ckpt.shape, rng, ["ffn_up"], [1]) | weights(ckpt.shape, rng, ["attn_output"], [1, 2])
        names = {"blk.1.ffn_up", "blk.1.attn_output", "blk.2.attn_output"}
    assert set(peft.read(folder(tmp_path / "a", tensors, **config), ckpt.shape)) == names
    tensors.popitem()
    with pytest.raises(InputError, match="is missing"):
        peft.read(folder(tmp_path / "a", tensors, **config), ckpt.shape)


def half(head, positions, shape):
    """RoPE as the transformers library does it on [T, heads, head_dim]: a head's halves against each other."""
    pairs = shape.head_dim // 2
    angles = np.asarray(positions)[:, None] * shape.rope_base ** (-np.arange(pairs) / pairs)
    cos, sin = (np.concatenate([f(angles)] * 2, axis=1)[:, None] for f in (np.cos, np.sin))
    return head * cos + np.concatenate([-head[..., pairs:], head[..., :pairs]], axis=-1) * sin


def test_rows_of_q_and_k_are_in_the_checkpoints_order(ckpt, rng, tmp_path):
    """Scores of the merged weights in the folder's order, by the other RoPE, are those of the adapted reference."""
    shape = ckpt.shape
    tensors = weights(shape, rng, ["attn_q", "attn_k"])
    found = peft.read(folder(tmp_path / "a", tensors, target_modules=["q_proj", "k_proj"]), shape)
    x = rng.normal(0, 1, (5, shape.d_model)).astype(np.float32)
    turned = {}
    for part, heads in (("attn_q", shape.heads), ("attn_k", shape.kv_heads)):
        ours = Reference(ckpt).weights[f"blk.1.{part}.weight"]
        theirs = np.empty_like(ours)
        for row in range(len(ours)):  # pair (2i, 2i + 1) of a head is its (i, i + d/2)
            head, at = divmod(row, shape.head_dim)
            theirs[head * shape.head_dim + at % 2 * shape.head_dim // 2 + at // 2] = ours[row]
        a, b = (tensors[PLACE.format(1, NAMES[part], side)] for side in "AB")
        merged = theirs + b @ a * (6 / 4)
        turned[part] = half((x @ merged.T).reshape(5, heads, -1), range(5), shape)
    keys = np.repeat(turned["attn_k"], shape.heads // shape.kv_heads, axis=1)
    wanted = np.einsum("qhd,khd->hqk", turned["attn_q"], keys)

    reference, scores = Reference(ckpt, found), {}
    angles = np.arange(5)[:, None] * shape.rope_base ** (-2 * np.arange(shape.head_dim // 2) / shape.head_dim)
    for part, heads in (("attn_q", shape.heads), ("attn_k", shape.kv_heads)):
        y = reference._linear(x, f"blk.1.{part}").reshape(5, heads, shape.head_dim)
        pairs = (y[..., 0::2] + 1j * y[..., 1::2]) * np.exp(1j * angles)[:, None]
        scores[part] = pairs
    keys = np.repeat(scores["attn_k"], shape.heads // shape.kv_heads, axis=1)
    np.testing.assert_allclose(
        np.einsum("qhd,khd->hqk", scores["attn_q"], keys.conj()).real, wanted, rtol=1e-4, atol=1e-4
    )


def test_the_reference_with_an_adapter_is_that_with_merged_weights(ckpt, rng, tmp_path):
    tensors = weights(ckpt.shape, rng, NAMES)
    found = peft.read(folder(tmp_path / "a", tensors, target_modules="all-linear"), ckpt.shape)
    adapted, merged = Reference(ckpt, found), Reference(ckpt)
    for name, module in found.items():
        merged.weights[f"{name}.weight"] = merged.weights[f"{name}.weight"] + delta(module)
    tokens = rng.integers(0, ckpt.shape.vocab, 9).tolist()
    np.testing.assert_allclose(adapted.logits(tokens), merged.logits(tokens), rtol=0, atol=1e-3)
    assert np.abs(adapted.logits(tokens) - Reference(ckpt).logits(tokens)).max() > 1


def test_what_is_written_is_read(ckpt, rng, tmp_path):
    names = {"blk.0.attn_q": 0, "blk.2.attn_k": 0, "blk.1.ffn_down": 0}
    sizes = module_sizes(ckpt.shape)
    made = {
        name: peft.LowRank(
            *(rng.normal(0, 1, size).astype(np.float32) for size in ((3, sizes[name][1]), (sizes[name][0], 3)))
        )
        for name in names
    }
    found = peft.read(peft.write(tmp_path / "a" / "b", made, ckpt.shape, "tiny"), ckpt.shape)
    assert found.keys() == made.keys()
    assert all(np.array_equal(found[n].a, made[n].a) and np.array_equal(found[n].b, made[n].b) for n in made)
    assert sorted(path.name for path in (tmp_path / "a" / "b").iterdir()) == [peft.CONFIG, peft.WEIGHTS]


@pytest.mark.parametrize("kind", ["F16", "BF16"])
def test_narrow_floats(ckpt, rng, tmp_path, kind):
    tensors = weights(ckpt.shape, rng)
    wide = peft.read(folder(tmp_path / "a", tensors), ckpt.shape)
    if kind == "F16":
        data = safetensors.numpy.save({name: values.astype(np.float16) for name, values in tensors.items()})
    else:  # the upper half of each float
        halves = {name: (values.view(np.uint32) >> 16).astype(np.uint16) for name, values in tensors.items()}
        data = safetensors.numpy.save(halves)
        size = int.from_bytes(data[:8], "little")
        header = json.dumps({k: v | {"dtype": "BF16"} for k, v in json.loads(data[8 : 8 + size]).items()}).encode()
        data = len(header).to_bytes(8, "little") + header + data[8 + size :]
    (tmp_path / "a" / peft.WEIGHTS).write_bytes(data)
    for name, module in peft.read(tmp_path / "a", ckpt.shape).items():
        np.testing.assert_allclose(module.b, wide[name].b, rtol=0.01, atol=1e-6)


@pytest.mark.parametrize(
    ("config", "what"),
    [
        ({"peft_type": "IA3"}, 'peft_type = "IA3"'),
        ({"use_dora": True}, "use_dora = true"),
        ({"bias": "all"}, 'bias = "all"'),
        ({"lora_bias": True}, "lora_bias = true"),
        ({"modules_to_save": ["lm_head"]}, r'modules_to_save = \["lm_head"\]'),
        ({"fan_in_fan_out": True}, "fan_in_fan_out = true"),
        ({"layer_replication": [[0, 2]]}, "layer_replication"),
        ({"trainable_token_indices": [3]}, "trainable_token_indices"),
        ({"target_parameters": ["x"]}, "target_parameters"),
        ({"alora_invocation_tokens": [1]}, "alora_invocation_tokens"),
        ({"use_qalora": True}, "use_qalora"),
        ({"layers_pattern": "blocks"}, "layers_pattern"),
        ({"init_lora_weights": "pissa_niter_4"}, "init_lora_weights"),
        ({"target_modules": ["q_proj", "lm_head"]}, "lm_head for a target"),
        ({"target_modules": ["embed_tokens"]}, "embed_tokens for a target"),
        ({"target_modules": ".*"}, "lm_head for a target"),
        ({"target_modules": ["Wqkv"]}, "Wqkv for a target"),
        ({"target_modules": "("}, "is no expression"),
        ({"target_modules": None}, "no target in this model"),
        ({"target_modules": ["q_proj"], "layers_to_transform": [7]}, "no target in this model"),
        ({"target_modules": ["q_proj"]}, "no place for tensor .*v_proj"),
        ({"target_modules": ["q_proj", "v_proj", "down_proj", "k_proj"]}, "tensor .*k_proj.lora_A.weight is missing"),
        ({"r": 8}, r"weights of \[4, 64\] and \[64, 4\], the configuration says rank 8"),
        ({"layers_to_transform": "all"}, 'layers_to_transform is "all", no number or list'),
        ({"layers_to_transform": [True]}, r"layers_to_transform is \[true\]"),
        ({"target_modules": 5}, "target_modules is 5, no name or list of names"),
        ({"target_modules": [5]}, r"target_modules is \[5\]"),
        ({"rank_pattern": "x"}, 'rank_pattern is "x", no numbers by pattern'),
        ({"alpha_pattern": [1]}, r"alpha_pattern is \[1\]"),
        ({"exclude_modules": 3}, "exclude_modules is 3"),
        ({"use_rslora": "yes"}, 'use_rslora is "yes", no true or false'),
        ({"r": 4.0}, "r is 4.0, no whole number"),
        ({"r": 0}, "r is 0"),
        ({"r": None}, "r is null"),
        ({"lora_alpha": "much"}, 'lora_alpha is "much"'),
        ({"alpha_pattern": {"q_proj": -1}}, "alpha_pattern of q_proj is -1"),
    ],
)
def test_configurations_that_are_refused(ckpt, rng, tmp_path, config, what):
    with pytest.raises(InputError, match=what) as refusal:
        peft.read(folder(tmp_path / "bad", weights(ckpt.shape, rng), **config), ckpt.shape)
    assert "bad" in refusal.value.where and "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda path: (path / peft.CONFIG).unlink(), "No such file"),
        (lambda path: (path / peft.WEIGHTS).unlink(), "No such file"),
        (lambda path: (path / peft.CONFIG).write_text("[1]"), "no JSON object"),
        (lambda path: (path / peft.CONFIG).write_bytes(b"\xff{"), "no JSON object"),
        (lambda path: (path / peft.WEIGHTS).write_bytes(b"PK\3\4 no"), "no safetensors"),
        (lambda path: (path / peft.WEIGHTS).write_bytes((path / peft.WEIGHTS).read_bytes()[:-9]), "no safetensors"),
    ],
)
def test_damaged_folders(ckpt, rng, tmp_path, change, what):
    path = folder(tmp_path / "bad", weights(ckpt.shape, rng))
    change(path)
    with pytest.raises(InputError, match=what) as refusal:
        peft.read(path, ckpt.shape)
    assert "bad" in refusal.value.where and "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "values", "what"),
    [
        (PLACE.format(0, "self_attn.q_proj", "A"), np.full((4, 64), np.nan, np.float32), "not finite"),
        (PLACE.format(0, "self_attn.q_proj", "A"), np.zeros((4, 64), np.int8), "unsupported type I8"),
        (PLACE.format(0, "self_attn.q_proj", "B"), np.zeros((60, 4), np.float32), "60 outputs, no whole heads"),
        (PLACE.format(0, "self_attn.q_proj", "B"), np.zeros(64, np.float32), r"weights of \[4, 64\] and \[64\]"),
        (PLACE.format(3, "self_attn.q_proj", "A"), np.zeros((4, 64), np.float32), "no place for tensor .*layers.3"),
        ("base_model.model.lm_head.lora_A.weight", np.zeros((4, 64), np.float32), "no place for tensor .*lm_head"),
        (
            "base_model.model.model.layers.0.mlp.down_proj.lora_magnitude_vector",
            np.zeros(64, np.float32),
            "no place for tensor .*magnitude",
        ),
    ],
)
def test_weights_that_are_refused(ckpt, rng, tmp_path, name, values, what):
    with pytest.raises(InputError, match=what):
        peft.read(folder(tmp_path / "bad", weights(ckpt.shape, rng) | {name: values}), ckpt.shape)


def test_q_and_k_of_a_model_that_turns_a_part_of_each_head(rng, tmp_path):
    shape = checkpoint.load(tiny.write(tmp_path / "part.gguf", rope_dim=8)).shape
    with pytest.raises(InputError, match="turns a part of each head"):
        peft.read(folder(tmp_path / "bad", weights(shape, rng)), shape)


@pytest.mark.parametrize(("rank", "what"), [(3, "has rank 4, the die 3"), (0, "the die has no adapters")])
def test_a_folder_that_the_die_cannot_hold(ckpt, rng, tmp_path, rank, what):
    with pytest.raises(InputError, match=what):
        Adapter.load(folder(tmp_path / "big", weights(ckpt.shape, rng)), ckpt.shape, Die(rank=rank))


@pytest.mark.parametrize("rank", [4, 16, 32, 64])
def test_the_die_has_the_rank_of_its_adapters(ckpt, rng, tmp_path, rank):
    low = folder(tmp_path / "low", weights(ckpt.shape, rng, ["attn_v"], rank=2), target_modules=["v_proj"], r=2)
    high = folder(tmp_path / "high", weights(ckpt.shape, rng, rank=rank), r=rank)
    assert rank_for([], ckpt.shape) == 0 and rank_for([low, high], ckpt.shape) == rank
    made = Adapter.load(high, ckpt.shape, Die(rank=rank))
    assert rank_for([made.save(tmp_path / "codes.npz")], ckpt.shape) == rank
    with pytest.raises(InputError, match=rf"a die of RANK={rank}"):
        Adapter.load(high, ckpt.shape, Die(rank=rank - 1))


def test_an_outlier_that_makes_codes_coarse_is_said(ckpt, rng, tmp_path):
    tensors = weights(ckpt.shape, rng)
    path = folder(tmp_path / "a", tensors)
    assert Adapter.load(path, ckpt.shape, Die()).caution == ""
    values = tensors[PLACE.format(1, NAMES["ffn_down"], "B")]
    values[3, 2] = 67 * values.std()
    caution = Adapter.load(folder(path, tensors), ckpt.shape, Die()).caution
    assert re.fullmatch(
        r".*a: single large values make 1 of 9 modules coarse, blk\.1\.ffn_down most: \d+ % off", caution
    )


def test_an_adapter_of_another_model(ckpt, rng, tmp_path):
    other = checkpoint.load(tiny.write(tmp_path / "wide.gguf", d_ffn=128)).shape
    with pytest.raises(InputError, match=r"ffn_down is for a matrix of \(64, 128\), the die's is \(64, 96\)"):
        Adapter.load(folder(tmp_path / "wide", weights(other, rng)), ckpt.shape, Die())


def test_values_beyond_any_scale_are_refused(ckpt, rng, tmp_path):
    """Values that are finite, whose product with alpha, or with what balances them, is not."""
    tensors = weights(ckpt.shape, rng)
    for side, size in (("A", 3e38), ("B", 3e38)):
        changed = {name: values * size if f"lora_{side}" in name else values for name, values in tensors.items()}
        changed = {name: np.clip(values, -3e38, 3e38).astype(np.float32) for name, values in changed.items()}
        path = folder(tmp_path / side, changed)
        with pytest.raises(InputError, match=r"makes values that are not finite|needs a scale that a die cannot hold"):
            Adapter.load(path, ckpt.shape, Die(rank=4))
