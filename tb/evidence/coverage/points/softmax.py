# SPDX-License-Identifier: Apache-2.0
"""Which scores softmax had, and how the frames of its octets moved."""

import numpy as np

from models.die.shape import OCTET
from tb.evidence.coverage.functional import Group

LOW, HIGH = -(1 << 23), (1 << 23) - 1
_group = Group(
    "softmax",
    {
        "heads": (1, 3, 4),
        "positions_a_clock": (1, 2, 4),
        "positions": ("one", "part of an octet", "whole octets", "octets and a part"),
        "scores": ("all alike", "all negative", "lowest", "highest"),
        "largest": ("first octet", "later octet"),
        "frame": ("stays", "grows", "leaps"),
        "value_frame": ("stays", "grows", "leaps"),
        "distance": ("none", "below an octave", "some octaves", "underflow", "largest"),
        "weight": ("zero", "between", "one"),
        "value_weight": ("zero", "between", "one"),
        "reciprocal": ("least", "between", "most"),
    },
    {"frames": ("frame", "value_frame")},
)


def _moves(frame: np.ndarray) -> set[str]:
    """Of frames [heads, octets]: by nothing, by what a sum survives, or by more."""
    growth = np.diff(frame, axis=-1)
    found = {"stays": growth == 0, "grows": (growth > 0) & (growth < 20), "leaps": growth >= 40}
    return {name for name, there in found.items() if there.any()}


def _kinds(weight: np.ndarray) -> set[str]:
    found = {"zero": weight == 0, "one": weight == 1 << 20, "between": (weight > 0) & (weight < 1 << 20)}
    return {name for name, there in found.items() if there.any()}


def sample(
    positions: int, scores: np.ndarray, frames: list[np.ndarray], weights: list[np.ndarray], recip: np.ndarray
) -> None:
    """Scores [heads, n], frames and weights of the scores and of their values, reciprocals."""
    heads, count = scores.shape
    top = scores.max(axis=-1)
    far = (top - scores.min(axis=-1)).max()
    found = {
        "all alike": (top == scores.min(axis=-1)).any(),
        "all negative": (top < 0).any(),
        "lowest": (scores == LOW).any(),
        "highest": (scores == HIGH).any(),
    }
    reach = {
        "none": far == 0,
        "below an octave": 0 < far < 4096,
        "some octaves": 4096 <= far < 21 << 12,
        "underflow": far >= 21 << 12,
        "largest": far == HIGH - LOW,
    }
    length = {count == 1: "one", 1 < count < OCTET: "part of an octet", count % OCTET == 0: "whole octets"}
    _group(
        heads=heads,
        positions_a_clock=positions,
        positions=length.get(True, "octets and a part"),
        scores={name for name, there in found.items() if there},
        largest={"later octet" if at >= OCTET else "first octet" for at in scores.argmax(axis=-1).tolist()},
        frame=_moves(frames[0]),
        value_frame=_moves(frames[1]),
        distance={name for name, there in reach.items() if there},
        weight=_kinds(weights[0]),
        value_weight=_kinds(weights[1]),
        reciprocal={{1 << 15: "least", (1 << 16) - 1: "most"}.get(r, "between") for r in recip.ravel().tolist()},
    )
