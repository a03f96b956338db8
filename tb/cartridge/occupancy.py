# SPDX-License-Identifier: Apache-2.0
"""Which token was in which layer when: reads what cartridge_bench left, and draws it."""

from collections import deque
from pathlib import Path
from typing import NamedTuple

import matplotlib
from matplotlib.figure import Figure


class Stay(NamedTuple):
    """A token in a layer, from the clock of its first beat in to that of its last beat out."""

    layer: int
    slot: int
    pos: int
    begin: int
    end: int


def stays(path: Path) -> list[Stay]:
    """Read +occupancy=NAME of tb/cartridge/cartridge_bench.sv: tokens leave a layer in the order in which they came.

    AssertionError for a token that leaves a layer in which it is not first.
    """
    inside: dict[int, deque[tuple[int, int, int]]] = {}
    seen = []
    for line in path.read_text().splitlines():
        layer, leaves, slot, pos, cycle = map(int, line.split())
        tokens = inside.setdefault(layer, deque())
        if not leaves:
            tokens.append((slot, pos, cycle))
            continue
        assert tokens and tokens[0][:2] == (slot, pos), f"layer {layer}: slot {slot}, position {pos} is out of order"
        seen.append(Stay(layer, slot, pos, tokens.popleft()[2], cycle + 1))
    assert seen, f"{path} is empty"
    return seen


def busy(seen: list[Stay], layers: int, begin: int, end: int) -> float:
    """The part of all layers and clocks from ``begin`` to ``end`` with a token in the layer."""
    clocks = 0
    for layer in range(layers):
        at = begin
        for stay in sorted((stay for stay in seen if stay.layer == layer), key=lambda stay: stay.begin):
            first, last = max(stay.begin, at), min(stay.end, end)
            clocks += max(0, last - first)
            at = max(at, last)
    return clocks / ((end - begin) * layers)


def draw(seen: list[Stay], layers: int, path: Path) -> None:
    """Write the picture: a row a layer, time to the right, a colour a slot."""
    colours = matplotlib.colormaps["tab20"].colors
    figure = Figure(figsize=(11, 0.18 * layers + 1.6), layout="constrained")
    axes = figure.subplots()
    for slot in sorted({stay.slot for stay in seen}):
        mine = [stay for stay in seen if stay.slot == slot]
        axes.barh(
            [stay.layer for stay in mine],
            [stay.end - stay.begin for stay in mine],
            left=[stay.begin for stay in mine],
            height=0.85,
            color=colours[slot % len(colours)],
            label=f"slot {slot}",
            rasterized=True,  # thousands of bars
        )
    axes.set(xlabel="clock", ylabel="layer", title="which slot is in which layer")
    axes.invert_yaxis()
    axes.legend(
        loc="upper center", bbox_to_anchor=(0.5, -0.12 - 1.5 / (layers + 6)), ncols=8, frameon=False, fontsize=8
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=200)
