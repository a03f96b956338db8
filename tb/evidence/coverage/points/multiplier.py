# SPDX-License-Identifier: Apache-2.0
"""What the multiplier multiplied: widths, signs, ends, and every digit of the second operand."""

from tb.evidence.coverage.functional import Group

KINDS = ("zero", "one", "minus one", "highest", "lowest", "other")
_group = Group(
    "multiplier",
    {
        "width": ((32, 18), (32, 32), (32, 16), (13, 12)),
        "a": KINDS,
        "b": KINDS,
        "digit": range(8),  # three bits that overlap by one
        "last_digit": range(8),
    },
    {"operands": ("a", "b")},
)


def _kind(value: int, width: int) -> str:
    ends = {0: "zero", 1: "one", -1: "minus one", (1 << width - 1) - 1: "highest", -(1 << width - 1): "lowest"}
    return ends.get(value, "other")


def sample(a: int, b: int, a_w: int, b_w: int) -> None:
    """Two operands of their widths."""
    digits = [(b << 1) >> place & 7 for place in range(0, b_w, 2)]
    _group(width=(a_w, b_w), a=_kind(a, a_w), b=_kind(b, b_w), digit=set(digits[:-1]), last_digit=digits[-1])
