# SPDX-License-Identifier: Apache-2.0
"""Which scores softmax had."""

import numpy as np

from tb.evidence.coverage.functional import Group

LOW, HIGH = -(1 << 23), (1 << 23) - 1
_group = Group(
    "softmax",
    {
        "heads": (1, 3, 4),
        "positions": ("one", "two", "several", "as deep as it is"),
        "scores": ("all alike", "all negative", "lowest", "highest"),
        "maximum": ("first", "middle", "last"),
        "distance": ("none", "below an octave", "some octaves", "underflow", "largest"),
        "probability": ("zero", "between", "one"),
    },
    {"alike_over": ("positions", "scores")},
    {"alike_over": [("one", "lowest"), ("one", "highest"), ("one", "all negative")]},
)


def sample(scores: np.ndarray, depth: int, prob: np.ndarray) -> None:
    """Scores [positions, heads] and their probabilities."""
    count, heads = scores.shape
    top = scores.max(axis=0)
    far = (top - scores).max(axis=0)
    where = scores.argmax(axis=0)
    found = {
        "all alike": (far == 0).any(),
        "all negative": (top < 0).any(),
        "lowest": (scores == LOW).any(),
        "highest": (scores == HIGH).any(),
    }
    places = {"first": (where == 0).any(), "last": (where == count - 1).any()}
    places["middle"] = ((where > 0) & (where < count - 1)).any()
    reach = {
        "none": (far == 0).any(),
        "below an octave": ((far > 0) & (far < 4096)).any(),
        "some octaves": ((far >= 4096) & (far < 21 << 12)).any(),
        "underflow": (far >= 21 << 12).any(),
        "largest": (far == HIGH - LOW).any(),
    }
    chance = {"zero": prob == 0, "one": prob == 1 << 20, "between": (prob > 0) & (prob < 1 << 20)}
    _group(
        heads=heads,
        positions={depth: "as deep as it is", 1: "one", 2: "two"}.get(count, "several"),
        scores={name for name, there in found.items() if there},
        maximum={name for name, there in places.items() if there},
        distance={name for name, there in reach.items() if there},
        probability={name for name, there in chance.items() if there.any()},
    )
