# SPDX-License-Identifier: Apache-2.0
"""Memory that a simulation takes, known before anything is etched or built, and refused where it is not there.

What grows with a model is counted; docs/large.md has the sums and what was measured.
"""

import psutil

from models.die.shape import EMBED, MATRICES, Die, Shape, weight_counts
from models.errors import InputError
from models.golden.chip import HELD

CELL = 0.5 + 4 / 32 + 4 / 32  # bytes: of a cell; of the scale and of the integers that 32 of them share
SUM = 4 / 32  # bytes a weight: of a span's sum
FLOAT = 4 + 2 * 8 / 32  # bytes a weight: a golden model in memory, cells and what scales a span
PROCESSES = 300 << 20  # bytes: of simulator and golden model together, whatever the model


def of_chip(shape: Shape, die: Die) -> int:
    """Bytes for the whole chip and its golden model, whose weights stay in their file if they are many."""
    weights = sum(weight_counts(shape).values())
    return int(sum(_arrays(shape, die).values()) + (FLOAT * weights if weights <= HELD else 0)) + PROCESSES


def of_part(shape: Shape, die: Die) -> int:
    """Bytes for the largest part of a chip by itself: a layer, or the head."""
    arrays = _arrays(shape, die)
    layer = sum(arrays[name] for name in MATRICES if name != "head") / shape.layers
    return int(max(layer, arrays["head"])) + PROCESSES


def check(need: int, model: str, hint: str) -> None:
    """InputError unless so many bytes are free, with swap."""
    free = psutil.virtual_memory().available + psutil.swap_memory().free
    if need > free:
        what = f"its simulation takes {need / 1e9:.1f} GB of memory, {free / 1e9:.1f} GB are free"
        raise InputError(what, model, hint)


def _arrays(shape: Shape, die: Die) -> dict[str, float]:
    """Bytes of the simulator for each array, in all layers, and for the embedding."""
    slices = die.slices | {EMBED: die.embed_slices}
    counts = weight_counts(shape, die.lanes)
    return {name: count * (CELL * slices[name] + SUM * (name != EMBED)) for name, count in counts.items()}
