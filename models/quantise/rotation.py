# SPDX-License-Identifier: Apache-2.0
"""QuaRot, offline: the same model in a residual stream that is turned, so that no value of it stands out.

Ashkboos et al. 2024 (arXiv:2404.00456). The gains of norms go into the matrices behind them, whose inputs, and the
outputs of those that add to the stream, are turned by one orthogonal matrix; v and o are turned within each head. In
exact arithmetic nothing changes; activations and weights lose less when they are rounded. A die has nothing to do for
it. An embedding that is the output too becomes two matrices, since the last norm's gains go into one of them. Adapters
of the source do not fit the turned model.
"""

from dataclasses import dataclass, replace

import numpy as np

from models.checkpoint.checkpoint import EMBEDDING, FINAL_NORM, HEAD, Checkpoint

SEED = 1
BEHIND = {"attn_norm": ("attn_q", "attn_k", "attn_v"), "ffn_norm": ("ffn_gate", "ffn_up")}
INTO = ("attn_output", "ffn_down")  # what adds to the stream


@dataclass(frozen=True, eq=False)
class Floats:
    """A matrix that is no file's: float32 [out, in]."""

    values: np.ndarray

    @property
    def shape(self) -> tuple[int, int]:
        """(out, in)."""
        return self.values.shape

    def dequantised(self) -> np.ndarray:
        """The weights, float32 [out, in]."""
        return self.values


def rotated(ckpt: Checkpoint) -> Checkpoint:
    """A checkpoint of the same model in a turned stream, in floats: what ``models.quantise`` takes."""
    shape, weights = ckpt.shape, {name: ckpt.weights(name).astype(np.float64) for name in ckpt.tensors}
    stream, head = orthogonal(shape.d_model), orthogonal(shape.head_dim)
    made = {EMBEDDING: weights[EMBEDDING] @ stream}
    made[HEAD] = weights.get(HEAD, weights[EMBEDDING]) * ckpt.gains[FINAL_NORM] @ stream
    for layer in range(shape.layers):
        for norm, names in BEHIND.items():
            for name in (f"blk.{layer}.{name}.weight" for name in names):
                made[name] = weights[name] * ckpt.gains[f"blk.{layer}.{norm}.weight"] @ stream
        for name in (f"blk.{layer}.{name}.weight" for name in INTO):
            made[name] = stream.T @ weights[name]
        values, out = f"blk.{layer}.attn_v.weight", f"blk.{layer}.attn_output.weight"
        made[values] = (head.T @ made[values].reshape(shape.kv_heads, shape.head_dim, -1)).reshape(made[values].shape)
        made[out] = (made[out].reshape(shape.d_model, shape.heads, shape.head_dim) @ head).reshape(made[out].shape)
    tensors = {name: Floats(values.astype(np.float32)) for name, values in made.items()}
    return replace(
        ckpt, tensors=tensors, gains={name: np.ones_like(gain) for name, gain in ckpt.gains.items()}, originals={}
    )


def orthogonal(size: int) -> np.ndarray:
    """A matrix [size, size] that turns: Hadamard's for the powers of 2 in its size, a random one for the rest.

    Rows have random signs, of SEED.
    """
    draws = np.random.default_rng([SEED, size])
    power = size & -size
    found = np.linalg.qr(draws.normal(size=(size // power, size // power)))[0]
    while len(found) < size:
        found = np.block([[found, found], [found, -found]]) / np.sqrt(2)
    return draws.choice((-1.0, 1.0), size)[:, None] * found
