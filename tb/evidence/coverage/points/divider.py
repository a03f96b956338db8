# SPDX-License-Identifier: Apache-2.0
"""What the divider divided."""

from tb.evidence.coverage.functional import Group

_group = Group(
    "divider",
    {
        "numerator": ("zero", "one", "between", "divisor less one"),
        "divisor": ("one", "between", "highest"),
        "remainder": ("zero", "one", "between", "divisor less one"),
        "quotient": ("zero", "one", "between", "all ones"),
    },
    {"operands": ("numerator", "divisor")},
    {"operands": [(kind, "one") for kind in ("one", "between", "divisor less one")]},  # only 0 is below 1
)


def _kind(value: int, top: int, named: str) -> str:
    return {top: named, 0: "zero", 1: "one"}.get(value, "between")


def sample(num: int, den: int, quo_w: int, den_w: int) -> None:
    """``num`` times 2^quo_w by ``den`` of ``den_w`` bits."""
    quotient, remainder = divmod(num << quo_w, den)
    left = {"remainder": _kind(remainder, den - 1, "divisor less one")} if den > 2 else {}
    _group(
        numerator=_kind(num, den - 1, "divisor less one"),
        divisor=_kind(den, (1 << den_w) - 1, "highest"),
        quotient=_kind(quotient, (1 << quo_w) - 1, "all ones"),
        **left,
    )
