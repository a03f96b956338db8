# SPDX-License-Identifier: Apache-2.0
"""What rope turned."""

import numpy as np

from tb.evidence.coverage.functional import Group
from tb.evidence.coverage.kinds import ENDS, PLACES, SIGNS, ends, place, sign_pairs

CASES = ("two_heads_a_beat", "two_beats_a_head", "partly_turned")
QUADRANTS = [(c, s) for c in ("+", "-") for s in ("+", "-")]
_group = Group(
    "rope",
    {
        "case": CASES,
        "position": PLACES,
        "pair_signs": [(a, b) for a in SIGNS for b in SIGNS],
        "quadrant": QUADRANTS,
        "result": ENDS,
        "passed": ENDS,
    },
    {"position_in_case": ("case", "position"), "result_in_case": ("case", "result")},
)


def sample(
    case: str, pos: int, depth: int, heads: np.ndarray, angles: tuple, turned: np.ndarray, rest: np.ndarray
) -> None:
    """Heads FX [heads, head_dim], turned by the cosines and sines [head_dim/2] of ``pos``; ``rest`` passed."""
    cos, sin = angles
    turns = set(zip(np.where(cos < 0, "-", "+").tolist(), np.where(sin < 0, "-", "+").tolist(), strict=True))
    _group(
        case=case,
        position=place(pos, depth),
        pair_signs=sign_pairs(heads[..., 0::2], heads[..., 1::2]),
        quadrant=turns,
        result=ends(turned),
        passed=ends(rest),
    )
