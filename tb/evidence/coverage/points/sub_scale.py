# SPDX-License-Identifier: Apache-2.0
"""Which integers met which sums ahead of a scaling unit."""

from tb.evidence.coverage.functional import Group

INTEGERS = ("lowest", "negative", "zero", "positive", "highest")
SUMS = ("negative", "zero", "positive")
_group = Group(
    "sub_scale",
    {"s": INTEGERS, "n": INTEGERS, "sum": SUMS, "xsum": SUMS},
    {"scaled_sum": ("s", "sum"), "scaled_xsum": ("n", "xsum")},
)


def integer_kind(value: int) -> str:
    """Where an integer of 8 bits is."""
    if value in (-128, 127):
        return "lowest" if value < 0 else "highest"
    return _sign(value)


def sample(s: int, n: int, total: int, xsum: int) -> None:
    """The integers of a span and its sums."""
    _group(s=integer_kind(s), n=integer_kind(n), sum=_sign(total), xsum=_sign(xsum))


def _sign(value: int) -> str:
    return "negative" if value < 0 else "positive" if value else "zero"
