# SPDX-License-Identifier: Apache-2.0
"""One decoder layer."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from models.adapter import Codes
from models.checkpoint.checkpoint import PARTS, Checkpoint
from models.checkpoint.quantised import Blocks
from models.die.shape import Die, norm_constants, score_constant
from models.golden.act_quantiser import act_quantiser
from models.golden.attention import attention
from models.golden.kv_sram import KvSram
from models.golden.lora import lora
from models.golden.matrix import Matrix, Streamed
from models.golden.residual import residual
from models.golden.rms_norm import RmsNorm
from models.golden.rope import rope
from models.golden.stage import Stage
from models.golden.swiglu import swiglu

NONE: Mapping[str, Codes] = MappingProxyType({})  # no adapter


class Layer:
    """Layer ``index`` of a checkpoint in a die. ``table`` is that of ``rope.table``; ``make`` makes its matrices."""

    def __init__(
        self,
        ckpt: Checkpoint,
        index: int,
        die: Die,
        table: tuple[np.ndarray, np.ndarray],
        make: Callable[[list[Blocks], int, int], Matrix | Streamed] = Matrix.held,
    ) -> None:
        self.shape, self.die, self.table = ckpt.shape, die, table
        self.attn_norm, self.ffn_norm = (
            RmsNorm(ckpt.gains[f"blk.{index}.{name}.weight"], norm_constants(ckpt.shape))
            for name in ("attn_norm", "ffn_norm")
        )
        self.arrays = {name: make(ckpt.matrix(name, index), die.act_w, die.span[name]) for name in PARTS}

    def __call__(
        self, x: np.ndarray, cache: KvSram, first: int, adapter: Mapping[str, Codes] = NONE
    ) -> dict[Stage, np.ndarray]:
        """FX [tokens, d_model] at the positions from ``first`` on -> every stage, [tokens, ...].

        ``adapter`` has the codes of the modules that it changes by part (``models.adapter.Adapter.layer``).
        """
        shape, die, tokens = self.shape, self.die, len(x)
        out = {Stage.ATTN_NORM: self.attn_norm(x)}
        q, k, v = self._project("qkv", out[Stage.ATTN_NORM], adapter)
        angles = [t[first : first + tokens] for t in self.table]
        q_turned, k_turned = (rope(h.reshape(tokens, -1, shape.head_dim), *angles) for h in (q, k))
        cache.write(first, k_turned, v.reshape(tokens, -1, shape.head_dim))
        weight, mixed = attention(
            q_turned, cache.read(first + tokens), first, die.act_w, die.kv_w, score_constant(shape)
        )
        out |= {Stage.Q: q, Stage.K: k, Stage.V: v, Stage.ATTN_WEIGHT: weight}
        out |= {Stage.Q_ROPE: q_turned.reshape(tokens, -1), Stage.K_ROPE: k_turned.reshape(tokens, -1)}
        out[Stage.ATTN_OUT] = mixed.reshape(tokens, -1)
        (out[Stage.O_PROJ],) = self._project("o", out[Stage.ATTN_OUT], adapter)
        out[Stage.ATTN_RESIDUAL] = residual(x, out[Stage.O_PROJ])
        out[Stage.FFN_NORM] = self.ffn_norm(out[Stage.ATTN_RESIDUAL])
        gate, up = self._project("gateup", out[Stage.FFN_NORM], adapter)
        out |= {Stage.GATE: gate, Stage.UP: up, Stage.SILU_MUL: swiglu(gate, up)}
        (out[Stage.DOWN],) = self._project("down", out[Stage.SILU_MUL], adapter)
        out[Stage.FFN_RESIDUAL] = residual(out[Stage.ATTN_RESIDUAL], out[Stage.DOWN])
        return out

    def _project(self, array: str, x: np.ndarray, adapter: Mapping[str, Codes]) -> list[np.ndarray]:
        """The outputs of an array for FX [tokens, in], adapter included: FX [tokens, out] of each of its modules."""
        groups = act_quantiser(x, self.die.act_w)
        outputs = np.split(self.arrays[array](*groups), np.cumsum(self.shape.modules(array))[:-1], axis=-1)
        return [
            lora(y, *groups, adapter[part], self.die.act_w) if part in adapter else y
            for part, y in zip(PARTS[array], outputs, strict=True)
        ]
