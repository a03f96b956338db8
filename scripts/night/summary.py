# SPDX-License-Identifier: Apache-2.0
"""The night in short, as Markdown, for the page of a workflow: ``python -m scripts.night.summary >> FILE``.

Says what the plan, the figures and the failures are, from the JSON files of the night. The report has the rest.
"""

import json
import re
import sys
from collections import Counter
from pathlib import Path

from models.errors import InputError
from scripts.campaign.coverage_report import percent
from scripts.cli.command import guard
from scripts.cli.files import RESULTS
from scripts.night import page, results
from scripts.night.results import Failure, Found
from tb.evidence.plan import plan

FAILURES = 20  # shown


def main(folder: Path = RESULTS) -> int:
    """Print the summary of the night in ``folder``; gives the exit status."""
    return guard(lambda: show(folder))


def show(folder: Path) -> int:
    """Print it. InputError if there was no night."""
    file = folder / "nightly.json"
    if not file.is_file():
        raise InputError("there is no night", str(file), "run `make nightly` first")
    night = json.loads(file.read_text(encoding="utf-8"))
    print(markdown(night, results.load(folder, night)))
    return 0


def markdown(night: dict, found: Found) -> str:
    """The summary of a night: what nightly.json holds, and what the parts left."""
    failures = results.failures(night, found)
    verdict = "passed" if night["passed"] else "**failed**"
    only = "" if night["whole"] else ", only some parts or benches"
    blocks = [
        f"## Cartridge, night of {night['date']}: {verdict}",
        f"Commit {night['commit']}, regression from seed {night['seed']}, {night['seconds'] / 60:.0f} minutes{only}.",
        _table(("part", "result", "minutes"), [_part(part) for part in night["parts"]]),
        _table(("", ""), _figures(night, found)),
        *map(_failure, failures[:FAILURES]),
    ]
    if len(failures) > FAILURES:
        blocks.append(f"And {len(failures) - FAILURES} more failures: the report has them.")
    return "\n\n".join(blocks) + "\n"


def _part(part: dict) -> tuple[str, ...]:
    return f"`{part['replay']}`", part["problem"] or "passed", f"{part['seconds'] / 60:.1f}"


def _figures(night: dict, found: Found) -> list[tuple[str, str]]:
    """What there is of (name, figure)."""
    points = [shown for feature in page.features(plan.load(), night, found).values() for shown in feature]
    status = Counter(point.status for point in points)
    rows = [("testpoints", ", ".join(f"{count} {name}" for name, count in status.most_common()))]
    if found.regress:
        rows.append(("runs", f"{found.regress['passed']} of {found.regress['runs']} passed"))
    if found.coverage:
        functional, totals = found.coverage["functional"], found.coverage["code"]["totals"]
        rows.append(("functional coverage", f"{functional['hit']} of {functional['bins']} bins"))
        rows += [
            (f"{kind} coverage", f"{percent(total):.1f} % of {total['points']}, to reach {total['reach']} %")
            for kind, total in totals.items()
        ]
    if found.formal:
        rows.append(("proofs", f"{found.formal['proved']} of {found.formal['tasks']}"))
    if found.sim:
        compared = f"{found.sim['values_compared']:,} values compared, {found.sim['mismatches']} mismatches"
        rows.append((found.sim["model"], compared))
    if found.soak:
        rows.append(("soak", f"{found.soak['answered']:,} tokens of answers, {found.soak['mismatches']} mismatches"))
    if found.bench:
        rows.append(("simulation, decode", f"{found.bench['decode_tokens_per_second']:.2f} tokens/s"))
    return rows


def _failure(failure: Failure) -> str:
    """What failed, its first divergence and how to do it again, as they are: in fences longer than any in them."""
    said = f"{failure.first}\n\n{failure.replay}"
    fence = "`" * max(3, *(len(ticks) + 1 for ticks in re.findall("`+", said)), 3)
    return f"### {failure.part}: {_cell(failure.what)}\n\n{fence}\n{said}\n{fence}"


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    """Text on one line that ends no cell and opens no tag."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    sys.exit(main())
