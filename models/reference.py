# SPDX-License-Identifier: Apache-2.0
"""Float32 reference of a Llama decoder, over the weights of a checkpoint as its file has them.

What the golden model is measured against, and independent of it. The formulas are those of the Llama papers
(arXiv:2302.13971, arXiv:2307.09288): RMSNorm, RoPE over interleaved pairs (the GGUF layout), grouped-query attention,
SwiGLU.
"""

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from models.checkpoint.checkpoint import Checkpoint
from models.checkpoint.peft import LowRank
from models.errors import InputError


class Reference:
    """The model of a checkpoint in float32; ``weights`` holds its matrices by name, [out, in].

    ``adapter`` has what is added to some of them by name without ``.weight``, as ``peft.read`` gives it.
    """

    def __init__(self, ckpt: Checkpoint, adapter: Mapping[str, LowRank] | None = None) -> None:
        self.shape, self.gains, self.adapter = ckpt.shape, ckpt.gains, adapter or {}
        self.weights = {name: ckpt.weights(name) for name in ckpt.tensors}
        pairs = np.arange(self.shape.rope_dim // 2)
        factors = self.shape.rope_factors or 1.0
        self._frequencies = self.shape.rope_base ** (-2 * pairs / self.shape.rope_dim) / factors

    def logits(self, tokens: Sequence[int]) -> np.ndarray:
        """Logits after every token of a text, float32 [T, vocab]. InputError for no tokens or unknown ones."""
        return self._head(self._run(tokens, self._cache(len(tokens)), 0))

    def generate(self, tokens: Sequence[int], n: int, stop: Collection[int] = ()) -> list[int]:
        """Greedy answer of up to ``n`` tokens to a prompt; a token of ``stop`` ends it and is its last."""
        cache, answer, fresh = self._cache(len(tokens) + n), [], list(tokens)
        position = 0
        while len(answer) < n and not (answer and answer[-1] in stop):
            hidden = self._run(fresh, cache, position)
            position += len(fresh)
            fresh = [int(self._head(hidden[-1:])[0].argmax())]
            answer += fresh
        return answer

    def _cache(self, positions: int) -> np.ndarray:
        """Keys and values, float32 [layers, 2, kv_heads, positions, head_dim]."""
        s = self.shape
        return np.empty((s.layers, 2, s.kv_heads, positions, s.head_dim), dtype=np.float32)

    def _run(self, tokens: Sequence[int], cache: np.ndarray, start: int) -> np.ndarray:
        """Pass tokens at positions ``start``.. through all layers -> float32 [T, d_model]; fills the cache."""
        ids = np.asarray(tokens)
        if not ids.size or ids.min() < 0 or ids.max() >= self.shape.vocab:
            raise InputError(
                "the text has no tokens or unknown ones", "prompt", f"use ids of 0..{self.shape.vocab - 1}"
            )
        x = self.weights["token_embd.weight"][ids]
        for layer in range(self.shape.layers):
            x = self._layer(layer, x, cache[layer], start)
        return x

    def _layer(self, layer: int, x: np.ndarray, cache: np.ndarray, start: int) -> np.ndarray:
        """One layer at positions ``start``..: [T, d_model] -> [T, d_model]; fills the layer's cache."""
        angles = np.arange(start, start + len(x))[:, None] * self._frequencies
        turn = np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)
        x = x + self._attention(layer, self._norm(x, f"blk.{layer}.attn_norm"), turn, cache, start)
        h = self._norm(x, f"blk.{layer}.ffn_norm")
        gate, up = self._linear(h, f"blk.{layer}.ffn_gate"), self._linear(h, f"blk.{layer}.ffn_up")
        return x + self._linear(gate / (1 + np.exp(-gate)) * up, f"blk.{layer}.ffn_down")

    def _head(self, x: np.ndarray) -> np.ndarray:
        """Final norm and head: [T, d_model] -> logits [T, vocab]."""
        return self._linear(self._norm(x, "output_norm"), "output" if "output.weight" in self.weights else "token_embd")

    def _linear(self, x: np.ndarray, name: str) -> np.ndarray:
        y = x @ self.weights[f"{name}.weight"].T
        if name in self.adapter:
            y += x @ self.adapter[name].a.T @ self.adapter[name].b.T
        return y

    def _norm(self, x: np.ndarray, name: str) -> np.ndarray:
        mean = np.mean(x * x, axis=-1, keepdims=True)
        return x / np.sqrt(mean + np.float32(self.shape.eps)) * self.gains[f"{name}.weight"]

    def _attention(self, layer: int, x: np.ndarray, turn: tuple, cache: np.ndarray, start: int) -> np.ndarray:
        """Causal attention of T tokens over all positions so far: [T, d_model] -> [T, d_model]."""
        s, end = self.shape, start + len(x)

        def heads(name: str, count: int) -> np.ndarray:
            return self._linear(x, f"blk.{layer}.{name}").reshape(len(x), count, s.head_dim).transpose(1, 0, 2)

        cache[0, :, start:end] = _rotate(heads("attn_k", s.kv_heads), turn)
        cache[1, :, start:end] = heads("attn_v", s.kv_heads)
        keys, values = (part[:, None, :end] for part in cache)  # [kv_heads, 1, positions, head_dim]
        q = _rotate(heads("attn_q", s.heads), turn).reshape(s.kv_heads, -1, len(x), s.head_dim)
        scores = q @ keys.swapaxes(-1, -2) * np.float32(s.attention_factor**2 / np.sqrt(s.head_dim))
        future = np.arange(end) > np.arange(start, end)[:, None]
        scores = np.where(future, np.float32(-np.inf), scores)
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        out = weights / weights.sum(axis=-1, keepdims=True) @ values  # [kv_heads, heads/kv_heads, T, head_dim]
        return self._linear(
            out.reshape(s.heads, len(x), -1).transpose(1, 0, 2).reshape(len(x), -1), f"blk.{layer}.attn_output"
        )


def _rotate(x: np.ndarray, turn: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """RoPE of [heads, T, head_dim]: pair (2i, 2i+1) turned by cos, sin [T, rope_dim/2]; the rest stays."""
    cos, sin = turn
    end = 2 * cos.shape[-1]
    even, odd = x[..., 0:end:2], x[..., 1:end:2]
    y = x.copy()
    y[..., 0:end:2] = even * cos - odd * sin
    y[..., 1:end:2] = even * sin + odd * cos
    return y


def surprise(logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Negative log likelihood (nats) of ``targets`` [n] under real-valued ``logits`` [n, vocab] -> [n]."""
    logits = logits.astype(np.float64)
    top = logits.max(axis=-1)
    return np.log(np.exp(logits - top[:, None]).sum(axis=-1)) + top - logits[np.arange(len(targets)), targets]
