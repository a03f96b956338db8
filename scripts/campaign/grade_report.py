# SPDX-License-Identifier: Apache-2.0
"""What graded defects come to: shares with intervals by array and kind, a table, and a picture of what escapes."""

import math
from collections import Counter, defaultdict
from pathlib import Path

from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from models.defects.defect import ROPE, population
from models.defects.grade import Grade
from models.die.shape import EMBED, Die, Shape
from scripts.cli import tables

LEVELS = ("stage", "signature", "logits", "token")  # each sees what all behind it see
COLOURS = {"token": "#14213d", "logits": "#5b7da3", "signature": "#3a9a5a", "stage": "#e0a030", "nothing": "#c02020"}
Z = 1.959964  # of 95 %


def wilson(seen: float, count: float) -> tuple[float, float]:
    """The 95 % interval of a share of which ``seen`` of ``count`` were seen (Wilson, 1927); (0, 1) of none."""
    if not count:
        return 0.0, 1.0
    share, spread = seen / count, Z * Z / count
    centre = (share + spread / 2) / (1 + spread)
    half = Z * math.sqrt(share * (1 - share) / count + spread / count / 4) / (1 + spread)
    return max(0.0, centre - half), min(1.0, centre + half)


def figures(grades: list[Grade], shape: Shape, die: Die, levels: tuple[str, ...] = LEVELS) -> dict:
    """Counts and shares of every (array, kind), and of all that a die can have, each counting as often as it can be.

    The interval of all is Wilson's for as many draws as tell as much where all weigh the same (Kish, 1965).
    """
    strata = defaultdict(list)
    for grade in grades:
        strata[grade.defect.array, grade.defect.kind].append(grade)
    rows, whole = [], Counter()
    for (array, kind), size in population(shape, die).items():
        found = strata[array, kind]
        judged = [grade for grade in found if not grade.effect]
        row = {"array": array, "kind": kind, "possible": size, "drawn": len(found), "judged": len(judged)}
        for effect in ("harmless", "beyond"):
            row[effect] = sum(grade.effect == effect for grade in found)
        weight = size * len(judged) / len(found) if judged else 0  # of those that have a grade
        for level in levels:
            row[level] = share(sum(seen(grade, level) for grade in judged), len(judged))
            whole[level] += weight * (row[level]["share"] or 0)
        whole["weight"] += weight
        whole["square"] += weight**2 / max(1, len(judged))
        rows.append(row)
    count = whole["weight"] ** 2 / whole["square"] if whole["square"] else 0
    total = {level: share(whole[level] / whole["weight"] * count if count else 0, count) for level in levels}
    return {"strata": rows, "all": total, "grades": [grade.fields() for grade in grades]}


def seen(grade: Grade, level: str) -> bool:
    """Whether a defect is seen at a level or behind it."""
    return grade.level in LEVELS[LEVELS.index(level) :]


def share(count: float, of: float) -> dict:
    """``count`` as a share of ``of`` with its interval, as the files of results have it: None of none."""
    low, high = wilson(count, of)
    return {"share": count / of if of else None, "low": low, "high": high}


def show(console: Console, found: dict, levels: tuple[str, ...] = LEVELS) -> None:
    """Print the table."""
    table = Table(title=f"defects of {found['model']}: percent seen [95 % interval]")
    for column in ("array", "kind", "drawn", "harmless", "beyond", *levels):
        table.add_column(column, justify="left" if column in ("array", "kind") else "right")
    for row in found["strata"]:
        counts = (f"{row[name]:,}" for name in ("drawn", "harmless", "beyond"))
        table.add_row(row["array"], row["kind"], *counts, *(_said(row[level]) for level in levels))
    table.add_row("all", "weighted", "", "", "", *(_said(found["all"][level]) for level in levels))
    tables.show(console, table)


def _said(part: dict) -> str:
    if part["share"] is None:
        return "-"
    return f"{100 * part['share']:.1f}\N{NO-BREAK SPACE}[{100 * part['low']:.1f},{100 * part['high']:.1f}]"


def draw(grades: list[Grade], shape: Shape, die: Die, path: Path) -> None:
    """Write an SVG of where the defects lie: along the die, a row an array and kind, coloured by what sees them."""
    rows = list(population(shape, die))
    figure = Figure(figsize=(9, 0.28 * len(rows) + 1.6), layout="constrained")
    axes = figure.subplots()
    for level, colour in COLOURS.items():
        those = [grade.defect for grade in grades if grade.level == level]
        where = [_along(defect.array, defect.layer, shape.layers) for defect in those]
        x = [at + 0.8 * (number % 11) / 10 - 0.4 for number, at in enumerate(where)]
        lines = [rows.index((defect.array, defect.kind)) for defect in those]
        y = [line + 0.6 * (number % 7) / 6 - 0.3 for number, line in enumerate(lines)]
        name = {"stage": "a stage only", "token": "the tokens", "logits": "the logits"}.get(level, level)
        axes.scatter(x, y, s=7, color=colour, linewidths=0, label=f"{name}: {len(those)}")
    axes.set_yticks(range(len(rows)), [f"{array}: {kind}" for array, kind in rows], size=8)
    axes.set_xticks([-1, *range(0, shape.layers, max(1, shape.layers // 6)), shape.layers])
    axes.set_xticklabels(["chip", *map(str, range(0, shape.layers, max(1, shape.layers // 6))), "head"], size=8)
    axes.set_xlabel("layer")
    axes.invert_yaxis()
    axes.grid(alpha=0.3)
    figure.legend(title="the last that sees it", loc="outside upper center", ncols=5, fontsize=8, title_fontsize=8)
    figure.savefig(path, metadata={"Date": None})


def _along(array: str, layer: int, layers: int) -> int:
    if array in (EMBED, ROPE):
        return -1
    return layers if array in ("head", "final_norm") else layer
