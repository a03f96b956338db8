# SPDX-License-Identifier: Apache-2.0
"""A block of a die as a picture: every cell a row of product lines with its via, and the scale bits of mask 2 below."""

import os
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from models.errors import InputError
from models.mask.gdsii import SCALE_BITS, strips
from models.mask.via_block import ViaBlock

CELLS = 12  # side by side
LINE, BIT_LINE, WORD, MASK_1, MASK_2 = "#c9d3de", "#5b7da3", "#e8edf2", "#14213d", "#b8430f"
GAP = 4  # tracks of a column beside its product lines: bit line and value


def draw(block: ViaBlock, path: str | os.PathLike, first: int = 0) -> Path:
    """Draw CELLS columns of the block, from ``first`` on, as PNG. InputError if the block has no such column."""
    slices, rows, columns = block.cells.shape
    if not 0 <= first < columns:
        raise InputError(f"array {block.array} has no column {first}", "COLUMN", f"choose 0 to {columns - 1}")
    shown = [(column, part) for column in range(first, columns) for part in range(slices)][:CELLS]
    bottom = rows + strips(block)
    width = block.lines + GAP
    figure = Figure(figsize=(16, 0.22 * bottom + 1.9), dpi=100, layout="constrained")
    axes = figure.subplots()
    _lines(axes, block, len(shown), rows, bottom)
    for place, (column, part) in enumerate(shown):
        left = place * width
        values = block.cells[part, :, column]
        axes.scatter(left + values, np.arange(rows), s=30, c=MASK_1, marker="s", linewidths=0, zorder=3)
        for row, value in enumerate(values.tolist()):
            axes.text(left + block.lines + 0.5, row, value, size=7.5, color=MASK_1, va="center", ha="left")
        name = f"column {column}" if slices == 1 else f"column {column}.{part}"
        axes.text(left + block.lines / 2, -1.1, name, size=9, ha="center")
        if part == 0:
            _scales(axes, block, column, left, rows)
    axes.text(len(shown) * width / 2, -2.6, _title(block), size=12, ha="center")
    axes.set_yticks(range(bottom), _rows(block), size=8)
    axes.set(xlim=(-1, len(shown) * width), ylim=(bottom + 0.3 + 2 * len(block.scales), -3.4), xticks=[])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    figure.savefig(path, format="png", metadata={"Software": None})
    return Path(path)


def _lines(axes: Axes, block: ViaBlock, count: int, rows: int, bottom: int) -> None:
    """The base die: product lines and bit lines down the columns, word lines across, scale lines below."""
    width, end = block.lines + GAP, count * (block.lines + GAP) - 1
    starts = np.arange(count)[:, None] * width
    tracks = (starts + np.arange(block.lines)).ravel()
    drains = (starts + block.lines).ravel()
    axes.add_collection(LineCollection([[(-0.5, y), (end, y)] for y in range(bottom)], color=WORD, linewidth=5))
    axes.add_collection(LineCollection([[(x, -0.5), (x, rows - 0.5)] for x in tracks], color=LINE, linewidth=0.7))
    axes.add_collection(LineCollection([[(x, -0.5), (x, rows - 0.5)] for x in drains], color=BIT_LINE, linewidth=1.1))
    scale = [[(x, rows - 0.3), (x, bottom - 0.5)] for x in tracks]
    axes.add_collection(LineCollection(scale, color=MASK_2, alpha=0.35, linewidth=0.7))


def _scales(axes: Axes, block: ViaBlock, column: int, left: int, rows: int) -> None:
    """A column's scale bits, and what they say, word by word."""
    places = np.flatnonzero(block.scale_bits[:, column])
    strip, line = np.divmod(places, block.lines)
    axes.scatter(left + line, rows + strip, s=26, c=MASK_2, marker="s", linewidths=0, zorder=3)
    bottom = rows + strips(block)
    for number, (name, word) in enumerate(zip(block.names, block.scales[:, column].astype("<u4"), strict=True)):
        if name.startswith("integers"):
            s, n = (" ".join(map(str, half)) for half in np.array([word]).view(np.int8).reshape(2, 2).T)
            lines = f"s {s}", f"n {n}"
        else:
            d, m = np.array([word]).view("<f2").tolist()
            lines = f"d {d:.4g}", f"m {m:.4g}"
        for line, text in enumerate(lines):
            axes.text(left, bottom + 0.2 + 2 * number + 0.9 * line, text, size=8, color=MASK_2, va="center")


def _rows(block: ViaBlock) -> list[str]:
    """Labels of rows and scale strips."""
    rows = [f"row {block.first_row + row}" for row in range(block.cells.shape[1])]
    for strip in range(strips(block)):
        word, bit = divmod(strip * block.lines, SCALE_BITS)
        low, half = bit % 16, bit // 16
        name = f"s, n of half {half}" if block.names[word].startswith("integers") else "dm"[half]
        rows.append(f"{name}, bits {low} to {low + block.lines - 1}")
    return rows


def _title(block: ViaBlock) -> str:
    return (
        f"{block.array} of layer {block.layer}, block {block.number}: a via of mask 1 (dark) ties each cell to one of "
        f"{block.lines} product lines; mask 2 (red) holds the scales"
    )
