# SPDX-License-Identifier: Apache-2.0
"""Which activations the product lines multiplied."""

from tb.evidence.coverage.functional import Group

_group = Group(
    "product_lines",
    {"bits": (8, 12), "x": ("lowest", "highest", "zero", "one", "minus one", "positive", "negative"), "bit": range(12)},
    {"x_of_width": ("bits", "x")},
)


def sample(x: int, width: int) -> None:
    """An activation of ``width`` bits; ``bit`` is hit by a lone one."""
    high = 1 << width - 1
    named = {-high: "lowest", high - 1: "highest", 0: "zero", 1: "one", -1: "minus one"}
    lone = {"bit": x.bit_length() - 1} if x > 0 and x.bit_count() == 1 else {"bit": width - 1} if x == -high else {}
    _group(bits=width, x=named.get(x, "negative" if x < 0 else "positive"), **lone)
