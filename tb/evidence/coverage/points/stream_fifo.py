# SPDX-License-Identifier: Apache-2.0
"""How full the FIFO was, and what moved."""

from tb.evidence.coverage.functional import Group

STALLS = ("none", "some", "heavy")
_group = Group(
    "stream_fifo",
    {"depth": (1, 2, 5), "into": STALLS, "out": STALLS, "fill": ("empty", "between", "full")},
    {"speeds": ("into", "out"), "fill_of_depth": ("depth", "fill")},
    {"fill_of_depth": [(1, "between")]},
)


def sample(depth: int, into: str, out: str, fills: set[int]) -> None:
    """A run at two speeds, and the numbers of beats that the FIFO held in it."""
    kinds = {"empty" if not fill else "full" if fill == depth else "between" for fill in fills}
    _group(depth=depth, into=into, out=out, fill=kinds)
