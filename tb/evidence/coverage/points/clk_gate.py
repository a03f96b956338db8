# SPDX-License-Identifier: Apache-2.0
"""What the clock gate was asked for."""

from tb.evidence.coverage.functional import Group

_group = Group(
    "clk_gate",
    {"pulse": [(before, now) for before in (0, 1) for now in (0, 1)], "high_phase": ("still", "rises", "falls")},
    {"pulse_and_high_phase": ("pulse", "high_phase")},
    {"pulse_and_high_phase": [((before, now), "falls" if not now else "rises") for before in (0, 1) for now in (0, 1)]},
)


def sample(before: int, enabled: int, later: list[int]) -> None:
    """The enable at two rising edges, and the values that it took while the clock was high: the moves that matter."""
    moves = {"rises": 1 in later and not enabled, "falls": 0 in later and bool(enabled)}
    _group(pulse=(before, enabled), high_phase={name for name, seen in moves.items() if seen} or "still")
