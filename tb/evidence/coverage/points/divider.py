# SPDX-License-Identifier: Apache-2.0
"""What the divider divided."""

from tb.evidence.coverage.functional import Group

_group = Group(
    "divider",
    {
        "numerator": ("zero", "one", "between", "highest"),
        "divisor": ("zero", "one", "between", "highest"),
        "remainder": ("zero", "one", "between", "divisor less one"),
        "quotient": ("zero", "one", "between", "all ones"),
    },
    {"operands": ("numerator", "divisor")},
)


def _kind(value: int, top: int) -> str:
    return {0: "zero", 1: "one", top: "highest"}.get(value, "between")


def sample(num: int, den: int, num_w: int, den_w: int) -> None:
    """``num`` of ``num_w`` bits by ``den`` of ``den_w``."""
    top = (1 << num_w) - 1
    quotient = num // den if den else top
    found = {"numerator": _kind(num, top), "divisor": _kind(den, (1 << den_w) - 1)}
    left = (
        {"remainder": {0: "zero", 1: "one", den - 1: "divisor less one"}.get(num % den, "between")} if den > 2 else {}
    )
    _group(quotient="all ones" if quotient == top else _kind(quotient, top), **found, **left)
