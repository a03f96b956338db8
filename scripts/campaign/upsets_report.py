# SPDX-License-Identifier: Apache-2.0
"""What upsets come to: shares with intervals by module, a table, and a picture."""

from collections import Counter, defaultdict
from dataclasses import asdict
from pathlib import Path

from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from scripts.campaign.grade_report import share
from scripts.cli import tables
from tb.evidence.upsets.upset import KINDS, Aftermath, Flop, Upset

COLOURS = dict(zip(KINDS, ("#d7dee6", "#5b7da3", "#e0a030", "#c05a20", "#8a1020"), strict=True))
TOLD = ("silent", "lasting")  # of hung and disturbed: no host hears of it; no restart ends it


def figures(every: list[Flop], upsets: list[Upset], outcomes: list[Aftermath]) -> dict:
    """Counts of every module, and shares of all flip-flops of the die, each counting as often as it is there.

    The intervals are Wilson's at 95 %; of all for as many draws as tell as much where all weigh the same (Kish, 1965).
    """
    bits, found = Counter(), defaultdict(list)
    for flop in every:
        bits[flop.module] += flop.bits
    for upset, outcome in zip(upsets, outcomes, strict=True):
        found[upset.module].append(outcome)
    rows = [_row(module, bits[module], found[module]) for module in sorted(found)]
    whole = sum(row["bits"] for row in rows)
    alike = whole**2 / sum(row["bits"] ** 2 / row["drawn"] for row in rows)
    total = {
        kind: share(alike * sum(row["bits"] * row[kind] / row["drawn"] for row in rows) / whole, alike)
        for kind in (*KINDS, *TOLD)
    }
    named = [
        asdict(upset) | asdict(outcome) | {"kind": outcome.kind, "seen": outcome.seen, "silent": outcome.silent}
        for upset, outcome in zip(upsets, outcomes, strict=True)
    ]
    return {"flip_flops": whole, "modules": rows, "all": total, "upsets": named}


def _row(module: str, bits: int, outcomes: list[Aftermath]) -> dict:
    harm = [outcome for outcome in outcomes if outcome.kind in ("hung", "disturbed")]
    return {
        "module": module,
        "bits": bits,
        "drawn": len(outcomes),
        **{kind: sum(outcome.kind == kind for outcome in outcomes) for kind in KINDS},
        **{f"by {seen}": sum(o.kind == "wrong" and o.seen == seen for o in outcomes) for seen in SEEN},
        "silent": sum(outcome.silent for outcome in harm),
        "lasting": sum(bool(outcome.lost or outcome.silent_port) for outcome in harm),
    }


SEEN = ("tokens", "signature", "stage")


def show(console: Console, found: dict) -> None:
    """Print the table."""
    table = Table(title=f"{len(found['upsets']):,} upsets of {found['flip_flops']:,} flip-flops, by module")
    for column in ("module", "bits", "drawn", *KINDS, *TOLD):
        table.add_column(column, justify="left" if column == "module" else "right")
    for row in found["modules"]:
        table.add_row(row["module"], *(f"{row[column]:,}" for column in ("bits", "drawn", *KINDS, *TOLD)))
    table.add_row("all, weighted", "", "", *(_said(found["all"][column]) for column in (*KINDS, *TOLD)))
    tables.show(console, table)


def _said(part: dict) -> str:
    return f"{100 * part['share']:.1f}\N{NO-BREAK SPACE}% [{100 * part['low']:.1f},{100 * part['high']:.1f}]"


def draw(found: dict, path: Path) -> None:
    """Write an SVG: a bar a module, of what its upsets did; its thickness tells nothing, the number how many bits."""
    rows = sorted(found["modules"], key=lambda row: (row["masked"] + row["flagged"]) / row["drawn"])
    figure = Figure(figsize=(9, 0.25 * len(rows) + 1.4), layout="constrained")
    axes = figure.subplots()
    left = [0.0] * len(rows)
    for kind in KINDS:
        widths = [100 * row[kind] / row["drawn"] for row in rows]
        axes.barh(range(len(rows)), widths, left=left, color=COLOURS[kind], label=kind)
        left = [a + b for a, b in zip(left, widths, strict=True)]
    axes.set_yticks(range(len(rows)), [f"{row['module']} ({row['bits']:,} bits)" for row in rows], size=8)
    axes.set_xlabel("percent of the module's upsets")
    axes.set_xlim(0, 100)
    axes.invert_yaxis()
    figure.legend(loc="outside upper center", ncols=len(KINDS), fontsize=8)
    figure.savefig(path, metadata={"Date": None})
