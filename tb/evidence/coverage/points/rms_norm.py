# SPDX-License-Identifier: Apache-2.0
"""What rms_norm normalised: sizes, roots, gains."""

import numpy as np

from models.golden.fixed_point import quantise
from models.golden.rsqrt import rsqrt
from tb.evidence.coverage.functional import Group
from tb.evidence.coverage.kinds import SIGNS, signs

GAINS = ("zero", "subnormal", "smallest normal", "below one", "one to two", "above", "largest")
_group = Group(
    "rms_norm",
    {
        "beats": (1, 2, 3),
        "values": ("all zero", "a lone one", "several"),
        "shift": range(17),
        "root_exponent": range(5, 15),
        "epsilon": ("counts", "shifted out"),
        "gain": GAINS,
        "gain_sign": ("+", "-"),
        "result_sign": SIGNS,
    },
)


def _gain_kind(words: np.ndarray) -> set[str]:
    exponent, rest = words >> 23 & 255, words & 0x7FFFFF
    found = {
        "zero": (exponent == 0) & (rest == 0),
        "subnormal": (exponent == 0) & (rest > 0),
        "smallest normal": (exponent == 1) & (rest == 0),
        "below one": (exponent > 1) & (exponent < 127),
        "one to two": exponent == 127,
        "above": (exponent > 127) & (exponent < 134),
        "largest": (exponent == 134) & (rest == 0x7FFFFF),
    }
    return {name for name, there in found.items() if there.any()}


def sample(x: np.ndarray, gains: np.ndarray, neps: int, out: np.ndarray) -> None:
    """FX [n] in and out, gains as binary32 words [n], NEPS of docs/formats.md."""
    mantissas, shift = quantise(x, 16)
    epsilon = neps >> 2 * int(shift)
    _, k = rsqrt(max(1, int(np.square(mantissas).sum()) + epsilon))
    count = np.count_nonzero(x)
    _group(
        beats=len(x) // 32,
        values={0: "all zero", 1: "a lone one"}.get(count, "several"),
        shift=int(shift),
        root_exponent=k,
        epsilon="counts" if epsilon else "shifted out",
        gain=_gain_kind(gains),
        gain_sign={"-" if sign else "+" for sign in np.unique(gains >> 31).tolist()},
        result_sign=signs(out),
    )
