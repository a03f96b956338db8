"""What became of mutants: one verdict each, figures for machines, and a table."""

from collections import Counter
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tb.evidence.mutation.mutants import Mutant

FEWER_THAN = 1 / 20  # of the mutants that are not harmless may be missed


@dataclass(frozen=True)
class Outcome:
    """What became of a mutant.

    Attributes:
        mutant: what was changed.
        status: 'killed', 'missed', 'harmless', or 'unbuilt' by a simulator, which makes it no mutant.
        by: pytest node of the bench that killed it.
        said: the first line of what that bench said; the argument for a harmless one.
        seconds: it took.
    """

    mutant: Mutant
    status: str
    by: str = ""
    said: str = ""
    seconds: float = 0

    @property
    def replay(self) -> str:
        """The command that does it again."""
        return f"make mutate MUTANT={self.mutant.name}"


def figures(outcomes: list[Outcome], seed: int) -> dict:
    """What mutate.json holds. 'enough': whether fewer than one in twenty were missed."""
    counts = Counter(outcome.status for outcome in outcomes)
    judged = counts["killed"] + counts["missed"]
    rules = {outcome.mutant.rule for outcome in outcomes}
    return {
        "seed": seed,
        "modules": len({outcome.mutant.module for outcome in outcomes}),
        "mutants": len(outcomes),
        **{status: counts[status] for status in ("killed", "missed", "harmless")},
        "missed_share": round(counts["missed"] / judged, 4) if judged else None,
        "enough": counts["missed"] < FEWER_THAN * judged if judged else counts["harmless"] > 0,
        "rules": {
            rule: Counter(outcome.status for outcome in outcomes if outcome.mutant.rule == rule)
            for rule in sorted(rules)
        },
        "results": [asdict(outcome) | {"replay": outcome.replay} for outcome in outcomes],
    }


def show(console: Console, outcomes: list[Outcome], figures: dict) -> None:
    """The table, and what to do about those missed."""
    table = Table(title="mutants", show_lines=True)
    for column in ("mutant", "line, and what it becomes", "", "by, or because"):
        table.add_column(column, overflow="fold")
    styles = {"killed": "green", "missed": "red", "harmless": "dim"}
    for outcome in sorted(outcomes, key=lambda o: (o.mutant.module, o.mutant.start)):
        mutant = outcome.mutant
        why = f"{outcome.by}\n{outcome.said}" if outcome.by else outcome.said or outcome.replay
        change = f"{mutant.line}\n{mutant.mutated}"
        status = f"[{styles[outcome.status]}]{outcome.status}[/]"
        table.add_row(f"{mutant.name}\n{mutant.rule}", escape(change), status, escape(why))
    console.print(table)
    console.print(
        f"{figures['killed']} killed, {figures['missed']} missed, {figures['harmless']} harmless, "
        f"of {figures['modules']} modules",
        highlight=False,
    )
