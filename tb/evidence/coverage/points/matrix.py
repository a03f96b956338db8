# SPDX-License-Identifier: Apache-2.0
"""What a matrix multiplied: geometry, shifts, codes, scales and integers, results."""

import numpy as np

from tb.evidence.coverage.functional import Group
from tb.evidence.coverage.kinds import ENDS, PLACES, SIGNS, ends, place, signs
from tb.evidence.coverage.points.embedding import SCALES, half_kinds
from tb.evidence.coverage.points.sub_scale import INTEGERS, integer_kind

VIEWS = ("rom", "gate", "switch")
SHIFTS = range(21)  # of a block of activations of 12 bits
_group = Group(
    "matrix",
    {
        "view": ("rom", "gate"),
        "cell_bits": (3, 4),
        "slices": (1, 2),
        "bit_lines": (1, 8, 32),
        "columns_a_scaling_unit": (1, 2, 4),
        "span": (16, 32),
        "superblock": (0, 32, 256),
        "passes": ("one", "several"),
        "last_block": ("full", "partly filled"),
        "pace": ("turns", "drains"),
        "symmetric": (False, True),
        "shift": SHIFTS,
        "size": PLACES,
        "spread_of_shifts": ("none", "some", "largest"),
        "activations": ("all zero", "lowest", "highest", "between"),
        "scale": [(sign, kind) for sign in ("+", "-") for kind in SCALES],
        "offset": [(sign, kind) for sign in ("+", "-") for kind in SCALES],
        "s": INTEGERS,
        "n": INTEGERS,
        "code_columns": ("all zero", "all ones", "mixed"),
        "result": ENDS,
        "result_sign": SIGNS,
    },
    {
        "size_in_view": ("view", "size"),
        "result_in_view": ("view", "result"),
        "passes_in_view": ("view", "passes"),
        "last_block_in_view": ("view", "last_block"),
        "pace_of_passes": ("passes", "pace"),
        "span_in_view": ("view", "span"),
    },
)


def sample(dut, case, mantissas: np.ndarray, shifts: np.ndarray, out: np.ndarray) -> None:
    """Mantissas [groups, 32] with ``shifts`` [groups] times the codes and scales of ``case``: FX [columns]."""
    rows, block, act_w = int(dut.K.value), int(dut.BLOCK.value), int(dut.ACT_W.value)
    bits, slices = int(dut.W_BITS.value), int(dut.SLICES.value)
    q, top, high = case["q"], (1 << bits * slices) - 1, 1 << act_w - 1
    columns = {"all zero": (q == 0).all(axis=1), "all ones": (q == top).all(axis=1)}
    columns["mixed"] = ~(columns["all zero"] | columns["all ones"])
    values = {"lowest": mantissas == -high, "highest": mantissas == high - 1}
    values["between"] = ~(values["lowest"] | values["highest"])
    spread = int(shifts.max() - shifts.min())
    view, span, bit_lines, share = (int(getattr(dut, name).value) for name in ("VIEW", "SPAN", "BIT_LINES", "SHARE"))
    turn = act_w + bits if view else int(dut.TURN_CLKS.value)
    _group(
        view=VIEWS[view],
        cell_bits=bits,
        slices=slices,
        bit_lines=bit_lines,
        columns_a_scaling_unit=share,
        span=span,
        superblock=int(dut.SUPER.value),
        passes="several" if block > span else "one",
        pace="drains" if -(-rows // block) * share > span // bit_lines * turn else "turns",
        symmetric=bool(int(dut.OFFSET.value)),
        last_block="partly filled" if rows % block else "full",
        shift=set(shifts.tolist()),
        size={place(shift, len(SHIFTS)) for shift in shifts.tolist()},
        spread_of_shifts="none" if not spread else "largest" if spread == SHIFTS[-1] else "some",
        activations={name for name, there in values.items() if there.any()} if mantissas.any() else "all zero",
        scale=half_kinds(case["d"]),
        offset=half_kinds(case["m"]),
        **{name: {integer_kind(value) for value in np.unique(case[name]).tolist()} for name in "sn" if name in case},
        code_columns={name for name, there in columns.items() if there.any()},
        result=ends(out),
        result_sign=signs(out),
    )
