# SPDX-License-Identifier: Apache-2.0
"""Which tokens were embedded, from which codes and scales."""

import numpy as np

from tb.evidence.coverage.functional import Group
from tb.evidence.coverage.kinds import PLACES, SIGNS, place, signs
from tb.evidence.coverage.points.sub_scale import INTEGERS, integer_kind

SCALES = ("zero", "subnormal", "normal")
_group = Group(
    "embedding",
    {
        "token": PLACES,
        "again": ("other", "same"),
        "cell_bits": (3, 4),
        "slices": (1, 2),
        "span": (16, 32),
        "superblock": (0, 32, 256),
        "s": INTEGERS,
        "n": INTEGERS,
        "codes": ("zero", "all ones", "between"),
        "scale": [(sign, kind) for sign in ("+", "-") for kind in SCALES],
        "offset": [(sign, kind) for sign in ("+", "-") for kind in SCALES],
        "value": SIGNS,
    },
    {"geometry": ("slices", "cell_bits")},
    {"geometry": [(1, 3)]},
)


def half_kinds(words: np.ndarray) -> set[tuple[str, str]]:
    """Sign and kind of binary16 words."""
    magnitudes = words & 0x7FFF
    kinds = np.where(magnitudes == 0, 0, np.where(magnitudes < 1 << 10, 1, 2))
    return {("-" if pair // 3 else "+", SCALES[pair % 3]) for pair in np.unique(3 * (words >> 15) + kinds).tolist()}


def sample(token: int, before: int | None, case, geometry: dict[str, int], out: np.ndarray) -> None:
    """A token after ``before``; its codes and scales are in ``case``; FX [width] came out of this geometry."""
    q, top = case["q"][token], (1 << geometry["cell_bits"] * geometry["slices"]) - 1
    codes = {"zero": q == 0, "all ones": q == top, "between": (q != 0) & (q != top)}
    _group(
        token=place(token, len(case["q"])),
        again="same" if token == before else "other",
        **geometry,
        codes={name for name, there in codes.items() if there.any()},
        scale=half_kinds(case["d"][token]),
        offset=half_kinds(case["m"][token]),
        **{name: {integer_kind(value) for value in case[name][token].tolist()} for name in "sn" if name in case},
        value=signs(out),
    )
