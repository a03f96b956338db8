# SPDX-License-Identifier: Apache-2.0
"""What attention worked on: places in the KV cache, ways to share heads, sizes, weights, resets in mid-token."""

import numpy as np

from models.die.shape import Die, Shape
from tb.evidence.coverage.functional import Group
from tb.evidence.coverage.kinds import PLACES, place
from tb.rig.bundles import Tag

STATES = ("load", "quantise", "read", "out")  # of hdl/attention.sv
_group = Group(
    "attention",
    {
        "slot": PLACES,
        "position": PLACES,
        "step": ("opens", "goes on", "starts anew", "jumps"),
        "heads_a_kv_head": (1, 2, 3),
        "positions_a_clock": (1, 2, 4),
        "head": ("part of a beat", "a beat", "several beats", "ragged"),
        "octets": ("one", "one, whole", "several"),
        "query_shift": PLACES,
        "kv_shift": PLACES,
        "weight": ("one", "zero", "between"),
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
    {"memory": ("keys", "values", "exponents"), "told": ("corrected", "failed")},
    {"told_of_memory": ("memory", "told")},
)


def sample(tag: Tag, before: int | None, shape: Shape, die: Die, shifts: np.ndarray, stored: tuple, weight: np.ndarray):
    """A token at ``tag`` after the one at position ``before`` of its slot (None: the slot is new).

    ``shifts`` are those of the queries, ``stored`` those of keys and of values, ``weight`` the weights
    [positions, heads].
    """
    steps = {tag.pos == 0: "starts anew", tag.pos == (before or 0) + 1: "goes on"}
    found = {
        "one": (weight == 1 << 20).any(),
        "zero": (weight == 0).any(),
        "between": ((weight > 0) & (weight < 1 << 20)).any(),
    }
    _group(
        slot=place(tag.slot, die.slots),
        position=place(tag.pos, die.kv_depth),
        step="opens" if before is None else steps.get(True, "jumps"),
        positions_a_clock=die.positions,
        head=_ends(shape.head_dim, die.lanes),
        octets="several" if tag.pos > 7 else "one, whole" if tag.pos == 7 else "one",
        heads_a_kv_head=shape.heads // shape.kv_heads,
        query_shift={place(shift, 33 - die.act_w) for shift in shifts.ravel().tolist()},
        kv_shift={place(int(shift), 33 - die.kv_w) for part in stored for shift in part.ravel()},
        weight={name for name, there in found.items() if there},
        positions="one" if len(weight) == 1 else "all alike" if (weight == weight[0]).all() else "unlike",
    )


def _ends(head_dim: int, lanes: int) -> str:
    """Where the heads of a vector end in its beats."""
    if head_dim == lanes:
        return "a beat"
    return "part of a beat" if lanes % head_dim == 0 else "several beats" if head_dim % lanes == 0 else "ragged"


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
    """A bit of a word of keys, values or exponents was flipped, or two of one, and what was told."""
    _flips(memory=memory, told=told)
