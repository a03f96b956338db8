# SPDX-License-Identifier: Apache-2.0
"""The report of a night as one HTML page: everything inline, so that it opens from disk with no network."""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import jinja2

from scripts.campaign import coverage_export
from scripts.campaign.coverage_report import percent
from scripts.night.results import Found, failures
from tb.evidence.coverage.code import KINDS
from tb.evidence.plan.plan import Testpoint

TEMPLATE = Path(__file__).with_name("page.html")
SLOWEST = 15
NIGHTS = 60  # of the trend
WIDTH, HEIGHT = 240, 56  # of a trend's drawing
TRENDS = {  # entry of the history -> title, unit
    "failed": ("runs that failed", ""),
    "functional": ("functional coverage", "%"),
    "line": ("line coverage", "%"),
    "branch": ("branch coverage", "%"),
    "toggle": ("toggle coverage", "%"),
    "expr": ("expression coverage", "%"),
    "proved": ("proofs", ""),
    "decode_tokens_per_second": ("simulation, decode", "tokens/s"),
    "minutes": ("the night", "minutes"),
}


@dataclass(frozen=True)
class Trend:
    """A figure over the nights: its last value, and the points of a line, (x, y) of WIDTH x HEIGHT."""

    title: str
    unit: str
    last: float
    least: float
    most: float
    line: list[tuple[float, float]]


@dataclass(frozen=True)
class Shown:
    """A testpoint with its results: (test, runs that passed, runs), and (coverage point, hit, bins, missed bins)."""

    point: Testpoint
    tests: list[tuple[str, int, int]]
    coverage: list[tuple[str, int, int, list[str]]]

    @property
    def status(self) -> str:
        """'failed', 'not run' if a test was not, 'open' if coverage is missing, else 'passed'."""
        if any(passed < runs for _, passed, runs in self.tests):
            return "failed"
        if any(not runs for _, _, runs in self.tests):
            return "not run"
        return "open" if any(hit < bins for _, hit, bins, _ in self.coverage) else "passed"

    @property
    def hit(self) -> int:
        """Bins of its coverage points that were hit."""
        return sum(hit for _, hit, _, _ in self.coverage)

    @property
    def bins(self) -> int:
        """All of them."""
        return sum(bins for _, _, bins, _ in self.coverage)


@dataclass(frozen=True)
class Line:
    """A line of source: ``hits`` is how often it ran, None if nothing in it counts; ``notes`` say what is missing."""

    number: int
    text: str
    hits: int | None
    notes: list[str]
    excluded: list[str]


def page(night: dict, found: Found, plan: list[Testpoint], history: list[dict], hdl: Path) -> str:
    """The HTML of a night.

    Args:
        night: what nightly.json holds.
        found: what the parts left.
        plan: the testplan.
        history: past nights and this one, the oldest first.
        hdl: the folder of the RTL whose lines are shown.
    """
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.undefined = jinja2.StrictUndefined
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        night=night,
        found=found,
        failures=failures(night, found),
        features=features(plan, night, found),
        modules=modules(found.coverage, hdl),
        slowest=sorted(found.regress.get("results", []), key=lambda run: -run["seconds"])[:SLOWEST],
        trends=trends(history[-NIGHTS:]),
        nights=history[-NIGHTS:],
        kinds=KINDS,
        exports=coverage_export.NAMES,
        percent=percent,
        size=(WIDTH, HEIGHT),
    )


def features(plan: list[Testpoint], night: dict, found: Found) -> dict[str, list[Shown]]:
    """The plan with results, by feature."""
    ran = defaultdict(list)  # node or command -> whether each run of it passed
    for run in found.regress.get("results", []):
        ran[run["node"]].append(run["status"] == "passed")
    for node, message in found.tests:
        ran[node].append(not message)
    for part in night["parts"]:
        ran[f"make {part['part']}"].append(not part["problem"])
    points = found.coverage.get("functional", {}).get("points", {})
    shown = defaultdict(list)
    for point in plan:
        tests = [(test, *_runs(test, ran)) for test in point.tests]
        coverage = [
            (name, points[name]["hit"], points[name]["bins"], points[name]["missed"])
            for name in point.coverage
            if name in points
        ]
        shown[point.feature].append(Shown(point, tests, coverage))
    return dict(shown)


def _runs(test: str, ran: dict[str, list[bool]]) -> tuple[int, int]:
    """(passed, all) runs of a test of the plan: a node, a file, or 'make TARGET ...'."""
    name = " ".join(test.split()[:2]) if test.startswith("make ") else test
    runs = [
        ok for node, each in ran.items() if node == name or node.startswith((f"{name}[", f"{name}::")) for ok in each
    ]
    return sum(runs), len(runs)


def modules(coverage: dict, hdl: Path) -> dict[str, tuple[dict, list[Line]]]:
    """{file of hdl/: (its figures by kind, its lines)}."""
    files = coverage.get("code", {}).get("files", {})
    return {file: (entry["figures"], _lines(entry, hdl / file)) for file, entry in files.items()}


def _lines(entry: dict, source: Path) -> list[Line]:
    notes, excluded = defaultdict(list), defaultdict(list)
    for gap in entry["gaps"]:
        notes[gap["line"]].append(f"{gap['kind']} {gap['what']}")
    for gap in entry["excluded"]:
        excluded[gap["line"]].append(f"{gap['kind']} {gap['what']}: {gap['reason']}")
    hits = {int(number): count for number, count in entry["lines"].items()}
    text = enumerate(source.read_text(encoding="utf-8").splitlines(), 1)
    return [Line(number, line, hits.get(number), notes[number], excluded[number]) for number, line in text]


def trends(history: list[dict]) -> list[Trend]:
    """Figures over the nights; one that no night has is left out."""
    return [
        Trend(title, unit, values[-1][1], *_drawn(values, len(history)))
        for name, (title, unit) in TRENDS.items()
        if (values := [(n, night[name]) for n, night in enumerate(history) if night.get(name) is not None])
    ]


def _drawn(values: list[tuple[int, float]], nights: int) -> tuple[float, float, list[tuple[float, float]]]:
    """(least, most, line) of (night, value) pairs."""
    least, most = min(value for _, value in values), max(value for _, value in values)
    across, up = WIDTH - 8, HEIGHT - 8
    line = [
        (
            round(4 + across * (night / (nights - 1) if nights > 1 else 0.5), 1),
            round(HEIGHT - 4 - up * ((value - least) / (most - least) if most > least else 0.5), 1),
        )
        for night, value in values
    ]
    return least, most, line
