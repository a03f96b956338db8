# SPDX-License-Identifier: Apache-2.0
"""What a block of cells multiplied: geometry, codes, activations."""

import numpy as np

from tb.evidence.coverage.functional import Group
from tb.evidence.coverage.kinds import SIGNS, signs

_group = Group(
    "block",
    {
        "cell_bits": (3, 4),
        "slices": (1, 2, 3),
        "bit_lines": (1, 2, 4, 32),
        "span": (16, 32),
        "place": ("first", "later"),
        "codes": ("zero", "all ones", "between"),
        "activations": ("lowest", "highest", "between"),
        "sum": SIGNS,
    },
    {"codes_of_cell": ("cell_bits", "codes"), "products": ("codes", "activations")},
)


def sample(block, span: int, x: np.ndarray, q: np.ndarray) -> None:
    """Activations [rows] times codes [rows, columns] of one ``span`` of a block."""
    top, high = (1 << block.w_bits * block.slices) - 1, 1 << block.act_w - 1
    codes = {"zero": q == 0, "all ones": q == top, "between": (q != 0) & (q != top)}
    values = {"lowest": x == -high, "highest": x == high - 1, "between": (x != -high) & (x != high - 1)}
    _group(
        cell_bits=block.w_bits,
        slices=block.slices,
        bit_lines=block.bit_lines,
        span=block.span,
        place="later" if span else "first",
        codes={name for name, there in codes.items() if there.any()},
        activations={name for name, there in values.items() if there.any()},
        sum=signs(x @ q),
    )
