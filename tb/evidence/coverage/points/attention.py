# SPDX-License-Identifier: Apache-2.0
"""What attention worked on: places in the KV cache, ways to share heads, sizes, probabilities, resets in mid-token."""

import numpy as np

from models.die.shape import Die, Shape
from tb.evidence.coverage.functional import Group
from tb.evidence.coverage.kinds import PLACES, place
from tb.rig.bundles import Tag

STATES = ("load", "quantise", "score", "value", "out")  # of hdl/attention.sv
_group = Group(
    "attention",
    {
        "slot": PLACES,
        "position": PLACES,
        "step": ("opens", "goes on", "starts anew", "jumps"),
        "heads_a_kv_head": (1, 2, 3),
        "query_shift": PLACES,
        "kv_shift": PLACES,
        "probability": ("one", "zero", "between"),
        "positions": ("one", "all alike", "unlike"),
    },
    {"slot_position": ("slot", "position"), "shifts": ("query_shift", "kv_shift")},
)
_scores = Group("attention_score", {"clamp": ("high", "low", "inside")})
_reset = Group(
    "attention_reset",
    {"state": STATES, "slot": PLACES, "position": PLACES},
    {"state_slot": ("state", "slot"), "state_position": ("state", "position")},
)

_flips = Group(
    "attention_flips",
    {"memory": ("keys", "values"), "told": ("corrected", "failed")},
    {"told_of_memory": ("memory", "told")},
)


def sample(tag: Tag, before: int | None, shape: Shape, die: Die, shifts: np.ndarray, stored: tuple, prob: np.ndarray):
    """A token at ``tag`` after the one at position ``before`` of its slot (None: the slot is new).

    ``shifts`` are those of the queries, ``stored`` those of keys and of values, ``prob`` the probabilities
    [positions, heads].
    """
    steps = {tag.pos == 0: "starts anew", tag.pos == (before or 0) + 1: "goes on"}
    found = {
        "one": (prob == 1 << 20).any(),
        "zero": (prob == 0).any(),
        "between": ((prob > 0) & (prob < 1 << 20)).any(),
    }
    _group(
        slot=place(tag.slot, die.slots),
        position=place(tag.pos, die.kv_depth),
        step="opens" if before is None else steps.get(True, "jumps"),
        heads_a_kv_head=shape.heads // shape.kv_heads,
        query_shift={place(shift, 33 - die.act_w) for shift in shifts.ravel().tolist()},
        kv_shift={place(int(shift), 33 - die.kv_w) for part in stored for shift in part.ravel()},
        probability={name for name, there in found.items() if there},
        positions="one" if len(prob) == 1 else "all alike" if (prob == prob[0]).all() else "unlike",
    )


def sample_scores(scores: np.ndarray) -> None:
    """Scores of 24 bits."""
    high, low = (1 << 23) - 1, -(1 << 23)
    inside = ((scores != high) & (scores != low)).any()
    found = {"high": (scores == high).any(), "low": (scores == low).any(), "inside": inside}
    _scores(clamp={name for name, there in found.items() if there})


def sample_reset(state: int, tag: Tag, die: Die) -> None:
    """A reset in ``state`` while the token at ``tag`` is worked on."""
    _reset(state=STATES[state], slot=place(tag.slot, die.slots), position=place(tag.pos, die.kv_depth))


def sample_flips(memory: str, told: str) -> None:
    """A bit of a word of keys or values was flipped, or two of one, and what was told."""
    _flips(memory=memory, told=told)
