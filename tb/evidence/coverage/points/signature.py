# SPDX-License-Identifier: Apache-2.0
"""What a signature was made of: beats that were accepted or only waited, with and without the polynomial's step."""

import numpy as np

from tb.evidence.coverage.functional import Group
from tb.evidence.coverage.kinds import SIGNS, signs

_group = Group(
    "signature",
    {"fire": (False, True), "top_bit": (0, 1), "values": SIGNS},
    {"step": ("fire", "top_bit")},
)


def sample(before: int, fire: bool, values: np.ndarray) -> None:
    """A beat of FX values, whether it was accepted, and the signature before it."""
    _group(fire=fire, top_bit=before >> 31, values=signs(values))
