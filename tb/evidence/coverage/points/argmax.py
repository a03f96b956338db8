# SPDX-License-Identifier: Apache-2.0
"""What argmax chose among: where the largest logit was, ties, lengths, signs."""

import numpy as np

from models.die.shape import LANES
from tb.evidence.coverage.functional import Group

_group = Group(
    "argmax",
    {
        "place": ("first of all", "last of all", "first lane", "last lane", "first beat", "last beat"),
        "ties": (1, 2, "more", "all"),
        "tied_in": ("one beat", "two beats"),
        "largest": ("highest", "positive", "zero", "negative", "lowest"),
        "padding": ("none", "some"),
    },
    {"ties_beside_padding": ("ties", "padding")},
)


def sample(logits: np.ndarray) -> None:
    """Logits FX [vocab]."""
    best = np.flatnonzero(logits == logits.max())
    first, count, end = best[0], len(best), len(logits) - 1
    places = {
        "first of all": first == 0,
        "last of all": first == end,
        "first lane": first % LANES == 0,
        "last lane": first % LANES == LANES - 1,
        "first beat": first < LANES,
        "last beat": first // LANES == end // LANES,
    }
    top = int(logits.max())
    ends = {(1 << 31) - 1: "highest", -(1 << 31): "lowest", 0: "zero"}
    sample = {
        "place": {name for name, there in places.items() if there},
        "ties": "all" if count == len(logits) else count if count < 3 else "more",
        "largest": ends.get(top, "positive" if top > 0 else "negative"),
        "padding": "some" if len(logits) % LANES else "none",
    }
    if count > 1:
        sample["tied_in"] = "one beat" if first // LANES == best[1] // LANES else "two beats"
    _group(**sample)
