# SPDX-License-Identifier: Apache-2.0
"""The report of `make coverage`: figures for machines, a table, and what is missing from the reach."""

from collections import defaultdict

from rich.console import Console
from rich.table import Table

from scripts.cli import tables
from tb.evidence.coverage.code import KINDS, Code
from tb.evidence.plan.plan import Testpoint

REACH = {"line": 98, "branch": 95, "toggle": 90, "expr": 90}  # per cent of hdl/, what is excluded left out
GAPS = 30  # shown on the terminal


def figures(code: Code, hits: dict[str, dict[str, int]], plan: list[Testpoint], excuses: dict[str, str]) -> dict:
    """What build/results/coverage.json holds of code, coverage points and testpoints.

    Args:
        code: counts and exclusions.
        hits: {coverage point: {bin: hits}}.
        plan: the testplan.
        excuses: kind of code coverage -> why it falls short of its reach.
    """
    files = {file: code.figures(file) for file in code.files}
    totals = {kind: _total([kinds[kind] for kinds in files.values()]) for kind in KINDS}
    for kind, total in totals.items():
        total |= {"reach": REACH[kind], "shortfall": excuses.get(kind, "") if _short(total, REACH[kind]) else ""}
    return {
        "code": {
            "totals": totals,
            "files": {file: _file(code, file, kinds) for file, kinds in files.items()},
        },
        "functional": {
            "bins": sum(map(len, hits.values())),
            "hit": sum(map(_hit, hits.values())),
            "points": {
                point: {"bins": len(bins), "hit": _hit(bins), "missed": _missed(bins)} for point, bins in hits.items()
            },
        },
        "testpoints": [
            {
                "name": point.name,
                "feature": point.feature,
                "stage": point.stage,
                "bins": sum(len(hits[name]) for name in point.coverage),
                "hit": sum(_hit(hits[name]) for name in point.coverage),
            }
            for point in plan
        ],
        "excuses": excuses,
    }


def problems(data: dict) -> list[str]:
    """What of the reach is missing, a line each; and excuses for what is not."""
    found = [
        f"coverage point {name} was not full: {', '.join(point['missed'])}"
        for name, point in data["functional"]["points"].items()
        if point["missed"]
    ]
    for kind, total in data["code"]["totals"].items():
        if _short(total, total["reach"]) and not total["shortfall"]:
            found.append(f"{kind}: {percent(total):.2f} % of hdl/ is below {total['reach']} %, and no reason is given")
        if kind in data["excuses"] and not total["shortfall"]:
            found.append(f"stale shortfall: {kind} is at {percent(total):.2f} %")
    return found


def show(console: Console, data: dict) -> None:
    """Tables of code and coverage points, what was never reached, and the problems."""
    console.print()
    tables.show(console, _code(data))
    tables.show(console, _points(data["functional"]["points"], bool(data["test"])))
    gaps = [(file, gap) for file, entry in data["code"]["files"].items() for gap in entry["gaps"]]
    for file, gap in gaps[:GAPS]:
        line = f"hdl/{file}:{gap['line']}: {gap['kind']} {gap['what']}"
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    if len(gaps) > GAPS:
        console.print(f"and {len(gaps) - GAPS} more places in hdl/ that were not reached", highlight=False)
    for problem in data["problems"]:
        console.print(f"PROBLEM {problem}", style="red", markup=False, highlight=False, soft_wrap=True)


def percent(figure: dict) -> float:
    """Covered of the points, 100 where there are none."""
    return 100 * figure["covered"] / figure["points"] if figure["points"] else 100.0


def _code(data: dict) -> Table:
    table = Table(title=f"{data['simulator']}, {data['runs']} runs, {data['seconds']:.0f} s")
    table.add_column("hdl/")
    for kind in KINDS:
        table.add_column(kind, justify="right")
    for file, entry in data["code"]["files"].items():
        table.add_row(file, *(_cell(entry["figures"][kind]) for kind in KINDS))
    table.add_section()
    table.add_row("all", *(_cell(data["code"]["totals"][kind]) for kind in KINDS))
    table.add_row("to reach", *(f"{REACH[kind]} %" for kind in KINDS))
    return table


def _points(points: dict[str, dict], only_hit: bool) -> Table:
    table = Table("coverage points")
    for column in ("points", "bins", "hit"):
        table.add_column(column, justify="right")
    groups = defaultdict(list)
    for name, point in points.items():
        groups[name.split(".")[0]].append(point)
    if only_hit:
        groups = {group: members for group, members in groups.items() if any(one["hit"] for one in members)}
    for group, members in groups.items():
        table.add_row(group, *_sums(members))
    table.add_section()
    table.add_row("all", *_sums([one for members in groups.values() for one in members]))
    return table


def _sums(points: list[dict]) -> list[str]:
    return [str(len(points)), *(str(sum(point[key] for point in points)) for key in ("bins", "hit"))]


def _file(code: Code, file: str, kinds: dict) -> dict:
    return {
        "figures": kinds,
        "lines": {str(line): count for line, count in code.lines(file).items()},
        "gaps": [{"line": line, "kind": kind, "what": what} for line, kind, what in code.gaps(file)],
        "excluded": [
            {"line": line, "kind": kind, "what": what, "reason": reason}
            for line, kind, what, reason in code.reasons(file)
        ],
    }


def _total(parts: list[dict[str, int]]) -> dict:
    return {key: sum(part[key] for part in parts) for key in ("points", "covered", "excluded")}


def _short(figure: dict, reach: float) -> bool:
    return percent(figure) < reach


def _cell(figure: dict) -> str:
    return f"{percent(figure):.1f} % of {figure['points']}" if figure["points"] else "-"


def _hit(bins: dict[str, int]) -> int:
    return sum(count > 0 for count in bins.values())


def _missed(bins: dict[str, int]) -> list[str]:
    return [name for name, count in bins.items() if not count]
