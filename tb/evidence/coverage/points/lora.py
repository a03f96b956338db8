# SPDX-License-Identifier: Apache-2.0
"""What adapters changed: which arrays and modules, by codes and scales of which kinds, and where sums saturated."""

import numpy as np

from models.golden.fixed_point import scaled_half
from tb.evidence.coverage.functional import Group
from tb.evidence.coverage.kinds import PLACES, ends, place

SCALES = ("zero", "smallest", "largest", "between")
_group = Group(
    "lora",
    {
        "modules": (1, 2, 3),
        "rank": (1, 4, 8),
        "adapter": ("none", "first", "last", "without strength"),
        "scale_a": SCALES,
        "scale_b": SCALES,
        "shift": PLACES,
        "p_clamp": ("high", "low", "inside"),
        "u_clamp": ("high", "low", "inside"),
        "result": ("high", "low", "inside"),
    },
    {"scales": ("scale_a", "scale_b"), "adapter_of_array": ("modules", "adapter")},
)
_flips = Group("lora_flips", {"told": ("corrected", "failed")})


def _scale(word: int) -> str:
    return {0: "zero", 1: "smallest", 0x3BFF: "largest"}.get(int(word), "between")


def sample(case, adapter: int, codes: list, shifts: np.ndarray, mantissas: np.ndarray, y: np.ndarray, out: np.ndarray):
    """A token with an adapter (0: none) whose modules have ``codes``: its inputs, and FX before and after."""
    static = {"modules": len(case.outputs), "rank": case.rank, "result": ends(out)}
    if not adapter:
        _group(adapter="none", **static)
        return
    x = (mantissas.astype(object) * (1 << shifts.astype(object))[:, None]).ravel()
    p = np.concatenate([one.a.astype(object) @ x for one in codes])
    high, low = (1 << 39) - 1, -(1 << 39)
    sa = np.concatenate([[int(scaled_half(np.array([one.a_scale], np.uint16))[0])] * case.rank for one in codes])
    u = np.array([min(max(int(v), low), high) * int(s) >> 24 for v, s in zip(p, sa, strict=True)])
    strong = any(int(one.b_scale) for one in codes)
    kinds = {"high": p > high, "low": p < low, "inside": (p <= high) & (p >= low)}
    _group(
        adapter="without strength" if not strong else "first" if adapter == 1 else "last",
        scale_a={_scale(one.a_scale) for one in codes},
        scale_b={_scale(one.b_scale) for one in codes},
        shift={place(int(shift), 33 - case.act_w) for shift in shifts},
        p_clamp={name for name, seen in kinds.items() if seen.any()},
        u_clamp=ends(np.clip(u, -(1 << 31), (1 << 31) - 1)),
        **static,
    )


def sample_flips(told: str) -> None:
    """A bit of a word was flipped, or two of one."""
    _flips(told=told)
