# SPDX-License-Identifier: Apache-2.0
"""Kinds of values and places, the bins of many points."""

import numpy as np

from tb.rig.bundles import End

HIGH, LOW = (1 << 31) - 1, -(1 << 31)  # ends of FX
ENDS = ("high", "low", "inside")
END_REASONS = [end.name.lower() for end in End if end is not End.NONE]  # why a generation ended
SIGNS = ("negative", "zero", "positive")
PLACES = ("first", "middle", "last")


def ends(x: np.ndarray) -> set[str]:
    """Which ENDS there are in FX values: what a clamp leaves is at one of the two."""
    found = {"high": (x == HIGH).any(), "low": (x == LOW).any(), "inside": ((x != HIGH) & (x != LOW)).any()}
    return {name for name, there in found.items() if there}


def signs(x: np.ndarray) -> set[str]:
    """Which SIGNS there are in values."""
    return {SIGNS[sign + 1] for sign in np.unique(np.sign(x)).tolist()}


def sign_pairs(x: np.ndarray, y: np.ndarray) -> set[tuple[str, str]]:
    """Which pairs of SIGNS there are in two vectors, element by element."""
    pairs = np.unique(3 * np.sign(x) + np.sign(y)).tolist()
    return {(SIGNS[(pair + 4) // 3], SIGNS[(pair + 4) % 3]) for pair in pairs}


def place(at: int, count: int) -> str:
    """Where in ``count`` places: one of PLACES."""
    return "first" if at == 0 else "last" if at == count - 1 else "middle"
