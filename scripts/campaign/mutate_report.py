# SPDX-License-Identifier: Apache-2.0
"""What became of mutants: one verdict each, figures for machines, and a table."""

from collections import Counter
from dataclasses import asdict, dataclass, replace

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from scripts.cli import tables
from tb.evidence.mutation.mutants import Mutant

FEWER_THAN = 1 / 20  # of the mutants that are not harmless may be missed


@dataclass(frozen=True)
class MutantVerdict:
    """What became of a mutant.

    Attributes:
        mutant: what was changed.
        status: 'killed', 'missed', 'harmless', 'unjudged' by a bench that fails without it too, or 'unbuilt' by a
            simulator, which makes it no mutant.
        by: pytest node of the bench that killed it.
        said: the first line of what that bench said; the argument for a harmless one.
        seconds: it took.
        hung: what killed it is the time that a test has, not a wrong value.
    """

    mutant: Mutant
    status: str
    by: str = ""
    said: str = ""
    seconds: float = 0
    hung: bool = False

    @property
    def replay(self) -> str:
        """The command that does it again."""
        side = " SIDE=golden" if self.mutant.suffix == ".py" else ""
        return f"make mutate MUTANT={self.mutant.name}{side}"

    def by_a_red_bench(self, said: str) -> "MutantVerdict":
        """The verdict where the bench says that without a mutant too."""
        return replace(self, status="unjudged", said=f"fails without a mutant, mend it first: {said}")


def figures(verdicts: list[MutantVerdict], seed: int) -> dict:
    """What mutate.json holds. 'enough': whether fewer than one in twenty were missed, and all were judged."""
    counts = Counter(verdict.status for verdict in verdicts)
    judged = counts["killed"] + counts["missed"]
    rules = {verdict.mutant.rule for verdict in verdicts}
    return {
        "seed": seed,
        "modules": len({verdict.mutant.module for verdict in verdicts}),
        "mutants": len(verdicts),
        **{status: counts[status] for status in ("killed", "missed", "harmless", "unjudged")},
        "hung": sum(verdict.hung for verdict in verdicts),
        "missed_share": round(counts["missed"] / judged, 4) if judged else None,
        "enough": not counts["unjudged"]
        and (counts["missed"] < FEWER_THAN * judged if judged else counts["harmless"] > 0),
        "rules": {
            rule: Counter(verdict.status for verdict in verdicts if verdict.mutant.rule == rule)
            for rule in sorted(rules)
        },
        "results": [asdict(verdict) | {"replay": verdict.replay} for verdict in verdicts],
    }


def show(console: Console, verdicts: list[MutantVerdict], figures: dict) -> None:
    """The table, and what to do about those missed."""
    table = Table(title="mutants", show_lines=True)
    for column in ("mutant", "line, and what it becomes", "", "by, or because"):
        table.add_column(column)
    styles = {"killed": "green", "missed": "red", "harmless": "dim", "unjudged": "red"}
    for verdict in sorted(verdicts, key=lambda o: (o.mutant.module, o.mutant.start)):
        mutant = verdict.mutant
        why = f"{verdict.by}\n{verdict.said}" if verdict.by else verdict.said or verdict.replay
        change = f"{mutant.line}\n{mutant.mutated}"
        status = f"[{styles[verdict.status]}]{verdict.status}[/]"
        table.add_row(f"{mutant.name}\n{mutant.rule}", escape(change), status, escape(why))
    tables.show(console, table)
    console.print(
        f"{figures['killed']} killed, {figures['missed']} missed, {figures['harmless']} harmless, "
        f"{figures['unjudged']} unjudged, of {figures['modules']} modules; of those killed {figures['hung']} hung",
        highlight=False,
    )
