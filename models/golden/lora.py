# SPDX-License-Identifier: Apache-2.0
"""Low-rank adapter of one module (Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", 2021)."""

import numpy as np

from models.adapter import Codes
from models.die.shape import GROUP
from models.golden.fixed_point import quantise, rsr, sat32, saturate, scaled_half


def lora(y: np.ndarray, mantissas: np.ndarray, shifts: np.ndarray, codes: Codes, act_w: int) -> np.ndarray:
    """What leaves a module's columns, FX [..., out]: its output and what the adapter adds.

    ``y`` FX [..., out] is the module's output, ``mantissas`` [..., in/32, 32] and ``shifts`` [..., in/32] are what the
    matrix multiplied, ``codes`` are the module's in the adapter.
    """
    a, b = codes.a.astype(np.float64), codes.b.astype(np.float64)
    sa, sb = (int(scaled_half(np.array([word], dtype=np.uint16))[0]) for word in (codes.a_scale, codes.b_scale))
    # Codes of 8 bits times values of 31, at most 2^15 of them: exact in float64. So is what B multiplies.
    x = np.ldexp(mantissas, shifts[..., None]).reshape(*mantissas.shape[:-2], -1)
    assert x.shape[-1] <= 1 << 15 and mantissas.shape[-1] == GROUP
    p = (x @ a.T).astype(np.int64)
    u = sat32(rsr(saturate(p, 40) * sa, 24))  # |p| <= 2^39 and sa <= 2^24 - 2^13: in 64 bits, rounding included
    mu, su = quantise(u, act_w)
    t = (mu @ b.T).astype(np.int64)
    return sat32(y + rsr(t * sb, 24 - su[..., None]))
