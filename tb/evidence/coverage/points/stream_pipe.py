# SPDX-License-Identifier: Apache-2.0
"""How full the stages were, and what moved."""

from tb.evidence.coverage.functional import Group

STALLS = ("none", "some", "heavy")
_group = Group(
    "stream_pipe",
    {"stages": (1, 2, 5), "into": STALLS, "out": STALLS, "fill": ("empty", "between", "full")},
    {"speeds": ("into", "out"), "fill_of_stages": ("stages", "fill")},
    {"fill_of_stages": [(1, "between")]},
)


def sample(stages: int, into: str, out: str, fills: set[int]) -> None:
    """A run at two speeds, and the numbers of stages that were full in it."""
    kinds = {"empty" if not fill else "full" if fill == stages else "between" for fill in fills}
    _group(stages=stages, into=into, out=out, fill=kinds)
