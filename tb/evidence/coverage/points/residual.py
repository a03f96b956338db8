# SPDX-License-Identifier: Apache-2.0
"""What residual added."""

import numpy as np

from tb.evidence.coverage.functional import Group
from tb.evidence.coverage.kinds import ENDS, SIGNS, ends, sign_pairs

_group = Group("residual", {"signs": [(a, b) for a in SIGNS for b in SIGNS], "sum": ENDS})
_handshake = Group("residual_handshake", {"offered": [(s, b, r) for s in (0, 1) for b in (0, 1) for r in (0, 1)]})


def sample(skip: np.ndarray, branch: np.ndarray, out: np.ndarray) -> None:
    """Two vectors of FX values and their sum."""
    _group(signs=sign_pairs(skip, branch), sum=ends(out))


def sample_handshake(skip: int, branch: int, ready: int) -> None:
    """Which of skip path, branch and sink are there."""
    _handshake(offered=(skip, branch, ready))
