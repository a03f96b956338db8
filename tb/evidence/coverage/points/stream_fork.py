# SPDX-License-Identifier: Apache-2.0
"""At which speeds the fork ran, and who was there."""

from tb.evidence.coverage.functional import Group

STALLS = ("none", "some", "heavy")
_group = Group(
    "stream_fork",
    {"into": STALLS, "a": STALLS, "b": STALLS},
    {"speeds": ("into", "a", "b")},
)
_handshake = Group("stream_fork_handshake", {"offered": [(v, a, b) for v in (0, 1) for a in (0, 1) for b in (0, 1)]})


def sample(into: str, a: str, b: str) -> None:
    """A run at three speeds."""
    _group(into=into, a=a, b=b)


def sample_handshake(valid: int, a: int, b: int) -> None:
    """Which of source and branches are there."""
    _handshake(offered=(valid, a, b))
