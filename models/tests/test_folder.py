# SPDX-License-Identifier: Apache-2.0
"""Folders of the transformers library and split GGUF files: the model in them, by a forward in their own order."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
import tokenizers
from gguf import GGUFReader, GGUFWriter
from tokenizers import decoders, normalizers, pre_tokenizers
from tokenizers import models as coders

from models.checkpoint import folder, tiny
from models.checkpoint.checkpoint import load
from models.checkpoint.tokenizer import Tokenizer
from models.errors import InputError
from models.golden.chip import Chip
from models.golden.stage import CHIP, Stage
from models.mask.etch import die_for
from models.reference import Reference

CONFIG = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 64, "num_hidden_layers": 2,
    "num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 96, "rms_norm_eps": 1e-5,
    "rope_theta": 10000.0, "vocab_size": 300, "max_position_embeddings": 2048, "hidden_act": "silu",
    "tie_word_embeddings": False, "bos_token_id": 0, "eos_token_id": [1, 2],
}  # fmt: skip
SPECIAL = ["<s>", "</s>", "<|im_end|>"]
TEMPLATE = "{% for m in messages %}{{ m.content }}<|im_end|>{% endfor %}"


def weights(config: dict, seed: int = 3) -> dict[str, np.ndarray]:
    """Tensors by the names of transformers, float32, each a value of Q8_0: nothing is lost on a die."""
    rng = np.random.default_rng(seed)
    d, ffn, heads = config["hidden_size"], config["intermediate_size"], config["num_attention_heads"]
    size = config.get("head_dim", d // heads)
    kv = config["num_key_value_heads"] * size

    def matrix(out: int, inputs: int) -> np.ndarray:
        codes = rng.integers(-126, 127, (out, inputs))
        codes[:, ::32] = 127  # each group of 32 has a scale of its own, which is a power of 2
        return (codes * 2.0**-9 / math.sqrt(inputs / 64)).astype(np.float32).round(14)

    tensors = {
        "model.embed_tokens.weight": matrix(config["vocab_size"], d),
        "model.norm.weight": rng.uniform(0.5, 1.5, d),
    }
    tensors["lm_head.weight"] = matrix(config["vocab_size"], d)
    for layer in range(config["num_hidden_layers"]):
        at = f"model.layers.{layer}."
        for name, out, inputs in (
            ("self_attn.q_proj", heads * size, d), ("self_attn.k_proj", kv, d), ("self_attn.v_proj", kv, d),
            ("self_attn.o_proj", d, heads * size), ("mlp.gate_proj", ffn, d), ("mlp.up_proj", ffn, d),
            ("mlp.down_proj", d, ffn),
        ):  # fmt: skip
            tensors[f"{at}{name}.weight"] = matrix(out, inputs)
        for name in ("input_layernorm", "post_attention_layernorm"):
            tensors[f"{at}{name}.weight"] = rng.uniform(0.5, 1.5, d)
    return {name: values.astype(np.float32) for name, values in tensors.items()}


def forward(config: dict, tensors: dict, tokens: list[int], divisors=1.0, scale: float = 1.0) -> np.ndarray:
    """Logits in float64, as transformers computes them: halves of a head turn against each other."""
    heads, kv_heads = config["num_attention_heads"], config["num_key_value_heads"]
    size = config.get("head_dim", config["hidden_size"] // heads)
    count, eps = len(tokens), config["rms_norm_eps"]
    w = {name.removesuffix(".weight"): values.astype(np.float64) for name, values in tensors.items()}
    angles = np.arange(count)[:, None] * config["rope_theta"] ** (-np.arange(0, size, 2) / size) / divisors
    cos, sin = (scale * np.concatenate([f(angles)] * 2, axis=1)[:, None] for f in (np.cos, np.sin))

    def norm(x, name):
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + eps) * w[name]

    def turned(x):
        return x * cos + np.concatenate([-x[..., size // 2 :], x[..., : size // 2]], axis=-1) * sin

    x = w["model.embed_tokens"][tokens]
    for layer in range(config["num_hidden_layers"]):
        at = f"model.layers.{layer}"
        h = norm(x, f"{at}.input_layernorm")
        q, k, v = (h @ w[f"{at}.self_attn.{p}_proj"].T for p in "qkv")
        q, k = turned(q.reshape(count, heads, size)), turned(k.reshape(count, kv_heads, size))
        k, v = (np.repeat(y.reshape(count, kv_heads, size), heads // kv_heads, axis=1) for y in (k, v))
        scores = np.einsum("qhd,khd->hqk", q, k) / np.sqrt(size)
        scores = np.where(np.tri(count, dtype=bool), scores, -np.inf)
        prob = np.exp(scores - scores.max(-1, keepdims=True))
        out = np.einsum("hqk,khd->qhd", prob / prob.sum(-1, keepdims=True), v).reshape(count, -1)
        x = x + out @ w[f"{at}.self_attn.o_proj"].T
        h = norm(x, f"{at}.post_attention_layernorm")
        gate, up = h @ w[f"{at}.mlp.gate_proj"].T, h @ w[f"{at}.mlp.up_proj"].T
        x = x + (gate / (1 + np.exp(-gate)) * up) @ w[f"{at}.mlp.down_proj"].T
    return norm(x, "model.norm") @ w["lm_head"].T


def byte_level() -> tokenizers.Tokenizer:
    """A byte-level tokenizer with special tokens in front."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    coder = tokenizers.Tokenizer(coders.BPE({text: n for n, text in enumerate([*SPECIAL, *alphabet])}, []))
    coder.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    coder.decoder = decoders.ByteLevel()
    coder.add_special_tokens(SPECIAL)
    return coder


def sentencepiece() -> tokenizers.Tokenizer:
    """A tokenizer as Llama 2 has it: spaces are U+2581, what is no piece falls back to bytes."""
    pieces = ["<unk>", *SPECIAL, *(f"<0x{byte:02X}>" for byte in range(256)), "\u2581", "a", "b", "\u2581a"]
    vocab = {text: n for n, text in enumerate(pieces)}
    coder = tokenizers.Tokenizer(
        coders.BPE(vocab, [("\u2581", "a")], unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    )
    coder.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    coder.add_special_tokens(["<unk>", *SPECIAL])
    return coder


def write(path: Path, tensors: dict, config: dict, coder=None, files: int = 1, kind: str = "F32", **settings) -> Path:
    """Write a folder as transformers does, the weights in so many files."""
    path.mkdir(exist_ok=True)
    (path / "config.json").write_text(json.dumps(config))
    (path / "tokenizer.json").write_text((coder or byte_level()).to_str())
    told = {"bos_token": "<s>", "eos_token": {"content": "</s>"}, "chat_template": TEMPLATE} | settings
    (path / "tokenizer_config.json").write_text(json.dumps(told))
    names, places = sorted(tensors), {}
    for part in range(files):
        name = f"model-{part + 1:05}-of-{files:05}.safetensors" if files > 1 else "model.safetensors"
        mine = {tensor: tensors[tensor] for tensor in names[part::files]}
        places |= dict.fromkeys(mine, name)
        (path / name).write_bytes(stored(mine, kind))
    if files > 1:
        (path / folder.INDEX).write_text(json.dumps({"metadata": {}, "weight_map": places}))
    return path


def stored(tensors: dict, kind: str) -> bytes:
    """A safetensors file; bfloat16, which NumPy lacks, is the upper half of each float."""
    if kind != "BF16":
        return safetensors.numpy.save(
            {n: v.astype({"F32": np.float32, "F16": np.float16}[kind]) for n, v in tensors.items()}
        )
    data = safetensors.numpy.save({n: (v.view(np.uint32) >> 16).astype(np.uint16) for n, v in tensors.items()})
    size = int.from_bytes(data[:8], "little")
    header = json.dumps({n: e | {"dtype": "BF16"} for n, e in json.loads(data[8 : 8 + size]).items()}).encode()
    return len(header).to_bytes(8, "little") + header + data[8 + size :]


SCALED = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}
YARN = {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64}
# (0, 2): pairs of 16 dimensions at base 1e4 turn 64 / 2 pi = 10.2 times, 3.2, 1.02, 0.32 ... over 64 positions.
BY_HAND = {  # the formulas of the papers, written out
    "llama3": [1 if t > 4 else 8 if t < 1 else 1 / ((1 - (t - 1) / 3) / 8 + (t - 1) / 3)
               for t in (64 / (2 * math.pi) * 10 ** (-n / 2) for n in range(8))],
    "yarn": [1 / (r / 4 + 1 - r) for r in (min(1, n / 3) for n in range(8))],  # from pair 0 to pair 3
}  # fmt: skip
CASES = {  # changes of the configuration, divisors of the frequencies, factor of queries and keys
    "plain": ({}, 1.0, 1.0),
    "mistral": ({"model_type": "mistral", "sliding_window": 4096, "head_dim": 32}, 1.0, 1.0),
    "narrow": ({"intermediate_size": 172, "num_key_value_heads": 1}, 1.0, 1.0),
    "linear": ({"rope_scaling": {"type": "linear", "factor": 2.0}}, 2.0, 1.0),
    "llama3": ({"rope_scaling": SCALED | {"original_max_position_embeddings": 64}}, np.array(BY_HAND["llama3"]), 1.0),
    "yarn": ({"rope_scaling": YARN}, np.array(BY_HAND["yarn"]), 1 + 0.1 * math.log(4)),
}


def apart(found: np.ndarray, expected: np.ndarray) -> float:
    """RMS of the difference, in parts of the spread."""
    return float(np.sqrt(((found - expected) ** 2).mean()) / expected.std())


@pytest.mark.parametrize("case", CASES)
def test_a_folder_is_the_model_that_transformers_runs(case, tmp_path):
    changes, divisors, scale = CASES[case]
    config = CONFIG | changes
    tensors = weights(config)
    ckpt = load(write(tmp_path / "hf", tensors, config, files=3))
    tokens = [5, 17, 250, 3, 3, 99, 120, 8, 41, 200, 77, 31]
    expected = forward(config, tensors, tokens, divisors, scale)
    found = Reference(ckpt).logits(tokens)
    assert apart(found, expected) < 0.02  # matrices in Q8_0
    if "rope_scaling" in changes:
        assert apart(found, forward(config, tensors, tokens)) > 0.05  # RoPE without scaling is another model
    if scale != 1:
        assert apart(found, forward(config, tensors, tokens, divisors)) > 0.03
    assert (ckpt.shape.d_ffn % 32, ckpt.shape.d_kv % 32) == (0, 0)


@pytest.mark.parametrize("case", CASES)
def test_the_die_of_a_folder_computes_it(case, tmp_path):
    """The integers of the golden model, from the constants that the RTL has too."""
    changes, divisors, scale = CASES[case]
    config = CONFIG | changes
    tensors, tokens = weights(config), [5, 17, 250, 3, 3, 99, 120, 8, 41, 200, 77, 31]
    ckpt = load(write(tmp_path / "hf", tensors, config))
    last = Chip(ckpt, die_for(ckpt, act_w=16, kv_w=12, kv_depth=16, rank=0)).run(0, tokens)[-1]
    logits = last.stages[Stage.LOGITS, CHIP] / 2**16
    expected = forward(config, tensors, tokens, divisors, scale)[-1]
    assert apart(logits[: len(expected)], expected) < 0.02
    if scale != 1:
        assert apart(logits[: len(expected)], forward(config, tensors, tokens, divisors)[-1]) > 0.03


@pytest.mark.parametrize("kind", ["F16", "BF16"])
def test_narrow_floats_and_parts(kind, tmp_path):
    tensors = {name: values.astype(np.float16).astype(np.float32) for name, values in weights(CONFIG).items()}
    whole = load(write(tmp_path / "a", tensors, CONFIG, kind=kind))
    parted = load(write(tmp_path / "b", tensors, CONFIG, kind=kind, files=4))
    wide = load(write(tmp_path / "c", tensors, CONFIG))
    name = "blk.1.attn_q.weight"
    assert whole.tensors[name].to_bytes() == parted.tensors[name].to_bytes()
    assert whole.sha256 != parted.sha256 != wide.sha256
    np.testing.assert_allclose(whole.tensors[name].dequantised(), wide.tensors[name].dequantised(), atol=0.004)


def test_tied_embeddings_have_no_head(tmp_path):
    tensors = weights(CONFIG)
    tied = CONFIG | {"tie_word_embeddings": True}
    assert "output.weight" not in load(write(tmp_path / "a", tensors, tied)).tensors  # a copy, which some files have
    del tensors["lm_head.weight"]
    load(write(tmp_path / "a", tensors, tied))
    with pytest.raises(InputError, match=r"lm_head\.weight is missing"):
        load(write(tmp_path / "a", tensors, CONFIG))


@pytest.mark.parametrize("made", [byte_level, sentencepiece])
def test_the_tokenizer_is_the_folders_own(made, tmp_path):
    coder = made()
    path = write(tmp_path / "hf", weights(CONFIG), CONFIG, coder, add_bos_token=True)
    tokenizer = Tokenizer.from_checkpoint(load(path))
    for text in ("ab a", " a</s>", "caf\u00e9 \U0001f642", "", "<|im_end|>"):
        ids = coder.encode(text, add_special_tokens=False).ids
        assert tokenizer.encode(text) == ids
        assert tokenizer.decode(ids, skip_special=False) == text
    bos, stops = coder.token_to_id("<s>"), {coder.token_to_id(text) for text in ("</s>", "<|im_end|>")}
    assert (tokenizer.bos, tokenizer.add_bos) == (bos, True)
    assert stops <= tokenizer.stop_ids
    ids = tokenizer.chat([{"role": "user", "content": "a"}])
    assert ids == [bos, *coder.encode("a<|im_end|>", add_special_tokens=False).ids]
    assert len(tokenizer.stop_ids) <= 4 and tokenizer.decode(list(stops)) == ""


def test_templates_of_a_folder(tmp_path):
    tensors = weights(CONFIG)
    several = [{"name": "tool_use", "template": "no"}, {"name": "default", "template": "yes"}]
    for template, wanted in ((several, "yes"), (several[:1], None), ("", None), (7, None)):
        path = write(tmp_path / "hf", tensors, CONFIG, chat_template=template)
        assert Tokenizer.from_checkpoint(load(path)).template == wanted
    (path / "chat_template.jinja").write_text("jinja")
    assert Tokenizer.from_checkpoint(load(path)).template == "jinja"


BAD = {
    "family": ({"model_type": "qwen2"}, 'model_type "qwen2" is not llama'),
    "quantised": ({"quantization_config": {"quant_method": "gptq"}}, "quantised in the folder's own way"),
    "activation": ({"hidden_act": "gelu"}, 'hidden_act "gelu"'),
    "no width": ({"hidden_size": "64"}, 'hidden_size is "64"'),
    "no layers": ({"num_hidden_layers": True}, "num_hidden_layers is true"),
    "scaling": ({"rope_scaling": {"type": "longrope", "factor": 2.0}}, 'RoPE scaling "longrope"'),
    "scaling of another type": ({"rope_scaling": [1]}, r"rope_scaling is \[1\]"),
    "no factor": ({"rope_scaling": {"type": "yarn"}}, "factor of rope_scaling is null"),
    "vocabulary": ({"vocab_size": 100}, "259 tokens, vocab_size is 100"),
    "epsilon": ({"rms_norm_eps": "x"}, "layer_norm_rms_epsilon is x"),
    "width": ({"intermediate_size": 128}, "ffn_gate.weight has shape"),
}


@pytest.mark.parametrize("case", BAD)
def test_folders_that_are_refused(case, tmp_path):
    changes, words = BAD[case]
    path = write(tmp_path / "hf", weights(CONFIG), CONFIG | changes)
    with pytest.raises(InputError, match=words) as caught:
        load(path)
    assert "hf" in caught.value.where and "\n" not in str(caught.value)


def test_incomplete_folders(tmp_path):
    path = write(
        tmp_path / "hf", weights(CONFIG) | {"model.layers.0.self_attn.q_proj.bias": np.zeros(64)}, CONFIG, files=2
    )
    with pytest.raises(InputError, match=r"no place for tensor blk\.0\.attn_q\.bias"):
        load(path)
    write(path, weights(CONFIG), CONFIG, files=2)
    (path / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(InputError, match=r"model-00002-of-00002\.safetensors is missing"):
        load(path)
    (path / "tokenizer.json").unlink()
    (path / folder.INDEX).unlink()
    with pytest.raises(InputError, match=r"is missing|without tokenizer\.json"):
        load(path)
    (path / "config.json").unlink()
    (path / "a.gguf").touch()
    with pytest.raises(InputError, match=r"without config\.json .*name the file: MODEL=.*a\.gguf"):
        load(path)


def split(whole: Path, count: int) -> list[Path]:
    """A GGUF file's parts, beside it."""
    reader = GGUFReader(whole)
    names = [whole.with_name(f"{whole.stem}-{part:05}-of-{count:05}.gguf") for part in range(1, count + 1)]
    for part, name in enumerate(names):
        writer = GGUFWriter(name, "llama")
        if part == 0:
            for key, field in reader.fields.items():
                if not key.startswith("GGUF.") and key != "general.architecture":
                    writer.add_key_value(key, field.contents(), field.types[0], field.types[-1])
        writer.add_uint16("split.no", part)
        writer.add_uint16("split.count", count)
        for tensor in reader.tensors[part::count]:
            writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
    return names


def test_parts_of_a_split_file(tmp_path):
    """Any part names the whole; it is the model that the file in one piece is."""
    whole = tiny.write(tmp_path / "tiny.gguf")
    names = split(whole, 3)
    expected = load(whole)
    found = [load(name) for name in names]
    assert len({ckpt.sha256 for ckpt in found}) == 1
    for ckpt in found:
        assert ckpt.shape == expected.shape
        assert all(ckpt.tensors[name].to_bytes() == m.to_bytes() for name, m in expected.tensors.items())
    moved = names[1].rename(tmp_path / "other.gguf")
    with pytest.raises(InputError, match=r"1 of 3 parts are missing, the first is tiny-00002-of-00003\.gguf"):
        load(names[0])
    with pytest.raises(InputError, match="part of a checkpoint of 3 parts"):
        load(moved)
