# SPDX-License-Identifier: Apache-2.0
"""Tables as a terminal, or a log of 80 columns, shows them: every word and figure whole, which Rich alone would cut."""

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

PAPER = Console(width=1000)  # as wide as any table


def show(console: Console, table: Table) -> None:
    """Print a table: without its frame if it does not fit with it, and wider than the console rather than cut."""
    least, most = zip(*map(_measure, table.columns), strict=True)
    frame = 3 * len(least) + 1
    if sum(most) + frame > console.width:
        if sum(least) + frame > console.width:
            table.box, table.padding, frame = None, (0, 1, 0, 0), len(least)
        room, wish = max(0, console.width - frame - sum(least)), max(1, sum(most) - sum(least))
        for column, low, high in zip(table.columns, least, most, strict=True):
            column.width = low + min(high - low, (high - low) * room // wish)
    before = console.width
    console.width = max(before, sum(least) + frame)
    console.print(table)
    console.width = before


def _measure(column) -> tuple[int, int]:
    """Width of a column's longest word, and of its longest line."""
    sizes = [Measurement.get(PAPER, PAPER.options, text) for text in (column.header, *column.cells)]
    return max(size.minimum for size in sizes), max(size.maximum for size in sizes)
