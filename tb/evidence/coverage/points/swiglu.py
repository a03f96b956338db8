# SPDX-License-Identifier: Apache-2.0
"""What swiglu multiplied."""

import numpy as np

from tb.evidence.coverage.functional import Group
from tb.evidence.coverage.kinds import ENDS, SIGNS, ends, sign_pairs

_group = Group(
    "swiglu",
    {
        "signs": [(a, b) for a in SIGNS for b in SIGNS],
        "gate": ("lowest", "below -16", "inside", "above 16", "highest"),
        "result": ENDS,
    },
    {"result_of_gate": ("gate", "result")},
    # The sigmoid of a gate below -16 is zero, and so is the result.
    {"result_of_gate": [(gate, end) for gate in ("lowest", "below -16") for end in ("high", "low")]},
)


def sample(gate: np.ndarray, up: np.ndarray, out: np.ndarray) -> None:
    """Vectors of FX values."""
    edge = 1 << 20
    kinds = np.select([gate == -(1 << 31), gate <= -edge, gate < edge, gate < (1 << 31) - 1], range(4), 4)
    names = ("lowest", "below -16", "inside", "above 16", "highest")
    for kind in np.unique(kinds).tolist():
        at = kinds == kind
        _group(signs=sign_pairs(gate[at], up[at]), gate=names[kind], result=ends(out[at]))
