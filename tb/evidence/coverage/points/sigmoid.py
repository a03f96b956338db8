# SPDX-License-Identifier: Apache-2.0
"""Which values sigmoid had: every segment of both signs, clamped ones, ends of the interpolation."""

from tb.evidence.coverage.functional import Group
from tb.evidence.coverage.kinds import HIGH, LOW

_group = Group(
    "sigmoid",
    {
        "segment": range(256),
        "sign": ("+", "-"),
        "step": ("on the entry", "last step", "inside"),
        "clamped": ("no", "first", "yes"),
        "value": ("zero", "highest", "lowest", "other"),
    },
    {"segment_of_sign": ("segment", "sign"), "clamp_of_sign": ("clamped", "sign")},
)


def sample(g: int) -> None:
    """An FX value."""
    size = abs(g)
    inside = size < 1 << 20
    more = {"segment": size >> 12, "step": {0: "on the entry", 4095: "last step"}.get(size & 4095, "inside")}
    _group(
        sign="-" if g < 0 else "+",
        clamped="no" if inside else "first" if size == 1 << 20 else "yes",
        value={0: "zero", HIGH: "highest", LOW: "lowest"}.get(g, "other"),
        **(more if inside else {}),
    )
