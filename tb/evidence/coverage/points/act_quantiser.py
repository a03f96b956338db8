# SPDX-License-Identifier: Apache-2.0
"""What act_quantiser was given: lengths, sizes, and values that round up out of the mantissa."""

import numpy as np

from tb.evidence.coverage.functional import Group

WIDTHS = (10, 12)  # mantissa bits of the KV cache and of activations
_group = Group(
    "act_quantiser",
    {
        "width": WIDTHS,
        "shift": range(23),
        "clamp": ("no", "yes"),
        "values": ("all zero", "highest", "lowest"),
    },
    {"shift_of_width": ("width", "shift"), "clamp_of_width": ("width", "clamp")},
    {"shift_of_width": [(12, 21), (12, 22)]},
)


def sample(x: np.ndarray, width: int, shift: int) -> None:
    """FX values [n], quantised to ``width`` bits with ``shift``."""
    ends = {"highest": (x == (1 << 31) - 1).any(), "lowest": (x == -(1 << 31)).any(), "all zero": not x.any()}
    rounded = (x.max() + (1 << shift >> 1)) >> shift
    clamp = "yes" if rounded >= 1 << width - 1 else "no"
    _group(width=width, shift=shift, clamp=clamp, values={name for name, seen in ends.items() if seen})
