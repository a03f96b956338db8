# SPDX-License-Identifier: Apache-2.0
"""The float reference against plain per-position formulas, and on the real model."""

import gguf
import numpy as np
import pytest

from models.checkpoint import fetch, tiny
from models.checkpoint.checkpoint import Checkpoint, load
from models.checkpoint.tokenizer import Tokenizer
from models.errors import InputError
from models.reference import Reference

TOKENS = [1, 87, 85, 111, 97, 139, 22, 2, 97, 1]
VARIANTS = {
    "default": {},
    "untied": {"tied": False, "vocab": 170},
    "multi-head": {"layers": 2, "kv_heads": 4},
    "one KV head": {"layers": 2, "heads": 6, "kv_heads": 1, "head_dim": 32, "d_ffn": 160, "d_model": 96},
    "partial RoPE with factors": {"layers": 2, "rope_dim": 8, "rope_factors": (1.0, 1.0, 2.0, 8.0)},
    "mixed kinds": {"kinds": {"attn_q": "F16", "attn_k": "Q8_0", "ffn_up": "Q4_0", "token_embd": "F32"}},
    "K-kinds": tiny.WIDE | {"kinds": "Q3_K_M"},
}


def plain_logits(ckpt: Checkpoint, tokens: list[int]) -> np.ndarray:
    """Logits [T, vocab] in float64, one position, head and pair at a time; RoPE as a complex product."""
    s = ckpt.shape
    stored = gguf.GGUFReader(ckpt.path).tensors  # the file's own weights, not those that go onto a die
    w = {tensor.name: gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype(np.float64) for tensor in stored}
    g = {name: gain.astype(np.float64) for name, gain in ckpt.gains.items()}
    factors = s.rope_factors or (1.0,) * (s.rope_dim // 2)

    def norm(x, gain):
        return x / np.sqrt(sum(v * v for v in x) / s.d_model + s.eps) * gain

    def rope(head, position):
        out = head.copy()
        for i, factor in enumerate(factors):
            angle = position * s.rope_base ** (-2 * i / s.rope_dim) / factor
            turned = complex(head[2 * i], head[2 * i + 1]) * np.exp(1j * angle)
            out[2 * i], out[2 * i + 1] = turned.real, turned.imag
        return out

    keys, values, logits = {}, {}, []
    for position, token in enumerate(tokens):
        x = w["token_embd.weight"][token]
        for layer in range(s.layers):
            blk = f"blk.{layer}."
            h = norm(x, g[blk + "attn_norm.weight"])
            q, k, v = (
                (w[f"{blk}attn_{part}.weight"] @ h).reshape(count, s.head_dim)
                for part, count in (("q", s.heads), ("k", s.kv_heads), ("v", s.kv_heads))
            )
            for j in range(s.kv_heads):
                keys[layer, j, position], values[layer, j, position] = rope(k[j], position), v[j]
            out = []
            for i in range(s.heads):
                j = i // (s.heads // s.kv_heads)
                turned = rope(q[i], position)
                e = [np.exp(turned @ keys[layer, j, t] / s.head_dim**0.5) for t in range(position + 1)]
                out.append(sum(e[t] * values[layer, j, t] for t in range(position + 1)) / sum(e))
            x = x + w[blk + "attn_output.weight"] @ np.concatenate(out)
            h = norm(x, g[blk + "ffn_norm.weight"])
            gate, up = w[blk + "ffn_gate.weight"] @ h, w[blk + "ffn_up.weight"] @ h
            x = x + w[blk + "ffn_down.weight"] @ (gate / (1 + np.exp(-gate)) * up)
        logits.append(w.get("output.weight", w["token_embd.weight"]) @ norm(x, g["output_norm.weight"]))
    return np.array(logits)


@pytest.mark.parametrize("variant", VARIANTS)
def test_logits_follow_the_formulas(tmp_path, variant):
    ckpt = load(tiny.write(tmp_path / "t.gguf", **VARIANTS[variant]))
    logits = Reference(ckpt).logits(TOKENS)
    assert logits.dtype == np.float32
    np.testing.assert_allclose(logits, plain_logits(ckpt, TOKENS), rtol=0, atol=2e-4)


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Reference:
    return Reference(load(tiny.write(tmp_path_factory.mktemp("tiny") / "tiny.gguf")))


def test_later_tokens_change_nothing_before_them(model):
    whole = model.logits(TOKENS)
    np.testing.assert_allclose(model.logits(TOKENS[:6]), whole[:6], rtol=0, atol=1e-4)
    other = model.logits([*TOKENS[:6], 50, 51, 52, 53])
    np.testing.assert_array_equal(other[:6], whole[:6])
    assert np.abs(other[6:] - whole[6:]).max(axis=1).min() > 0.1


def test_generate_takes_the_first_choice_every_time(model):
    answer = model.generate(TOKENS, 20)
    choices = model.logits(TOKENS + answer).argmax(axis=-1)
    assert answer == choices[len(TOKENS) - 1 : -1].tolist()
    assert model.generate(TOKENS, 20, stop={answer[4]}) == answer[: answer.index(answer[4]) + 1]
    assert model.generate(TOKENS, 0) == []


def test_the_tiny_model_is_lively(model):
    """Answers and attention of the tiny checkpoint depend on what it read: a broken chip would show."""
    answers = {tuple(model.generate([1, token], 16)) for token in range(60, 76)}
    assert len(answers) == 16
    assert sum(len(set(answer)) for answer in answers) / len(answers) > 6
    last = model.logits(TOKENS)[-1]
    for place in range(len(TOKENS) - 1):
        changed = [*TOKENS[:place], 60, *TOKENS[place + 1 :]]
        assert np.abs(model.logits(changed)[-1] - last).max() > 0.05, place


@pytest.mark.parametrize("tokens", [[], [150], [-1, 3]])
def test_tokens_that_do_not_exist_are_refused(model, tokens):
    with pytest.raises(InputError, match="no tokens or unknown ones"):
        model.logits(tokens)


def test_smollm2_knows_the_capital_of_france():
    ckpt = load(fetch.smollm2())
    tokenizer = Tokenizer.from_checkpoint(ckpt)
    prompt = tokenizer.chat([{"role": "user", "content": "What is the capital of France?"}])
    answer = Reference(ckpt).generate(prompt, 20, tokenizer.stop_ids)
    assert tokenizer.decode(answer) == "The capital of France is Paris."
    assert answer[-1] in tokenizer.stop_ids
