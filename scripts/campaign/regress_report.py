# SPDX-License-Identifier: Apache-2.0
"""The report of a regression: figures and JUnit for machines, logs, and a table. All of it from the same results."""

import datetime
from collections import defaultdict
from pathlib import Path

from junitparser import Error, Failure, JUnitXml, Properties, Property, TestCase, TestSuite
from rich.console import Console
from rich.table import Table

from scripts.campaign.kept import Plan, log_name
from scripts.campaign.result import RunResult
from scripts.cli import tables
from scripts.cli.files import write, write_text

SLOWEST = 10
NAMED = 5  # failures of one kind that are named


def figures(results: list[RunResult], plan: Plan, simulators: dict[str, str], workers: str, seconds: float) -> dict:
    """What build/results/regress.json holds, results in the order in which they are given.

    Args:
        results: of all runs that ended.
        plan: what was to be run.
        simulators: name -> version.
        workers: where it ran.
        seconds: from the start of the first run to the end of the last.
    """
    slowest = sorted(results, key=lambda result: -result.seconds)[:SLOWEST]
    return {
        "first_seed": plan.first_seed,
        "seeds": plan.seeds,
        "sim": plan.sim,
        "planned": len(plan.runs),
        "simulators": simulators,
        "workers": workers,
        "runs": len(results),
        "passed": _count(results, "passed"),
        "failed": _count(results, "failed"),
        "seconds": seconds,
        "build_seconds": sum(result.build_seconds for result in results),
        "slowest": [
            {"node": result.run.node, "seed": result.run.seed, "seconds": result.seconds} for result in slowest
        ],
        "buckets": [
            {
                "what": what,
                "runs": len(alike),
                "said": alike[0].said,
                "first": str(alike[0].run),
                "replay": alike[0].replay,
            }
            for what, alike in buckets(results).items()
        ],
        "results": [_entry(result) for result in results],
    }


def buckets(results: list[RunResult]) -> dict[str, list[RunResult]]:
    """Failures by kind, the most frequent first; of each those first that were done again with waves."""
    kinds = defaultdict(list)
    for result in sorted(results, key=lambda result: not result.waves):
        if result.problem:
            kinds[result.bucket].append(result)
    return dict(sorted(kinds.items(), key=lambda kind: -len(kind[1])))


def junit(results: list[RunResult]) -> str:
    """JUnit XML: a suite a bench, a case a run, each with the message and the time of the run's own report."""
    suites = defaultdict(list)
    for result in results:
        suites[result.run.bench].append(_case(result))
    document = JUnitXml("regress")
    for bench, cases in suites.items():
        suite = TestSuite(bench)
        suite.add_testcases(cases)
        document.add_testsuite(suite)
    document.update_statistics()
    return document.tostring().decode()


def leave(folder: Path, results: list[RunResult], data: dict) -> None:
    """Write regress.json and regress.xml in ``folder``."""
    write_text(folder / "regress.xml", junit(results))
    write(folder / "regress.json", data)


def show(console: Console, results: list[RunResult], data: dict) -> None:
    """The closing table, and of every failure where to look."""
    table = Table(title=", ".join(data["simulators"].values()))
    for column in ("bench", "runs", "passed", "failed", "seconds"):
        table.add_column(column, justify="left" if column == "bench" else "right")
    benches = defaultdict(list)
    for result in results:
        benches[result.run.bench].append(result)
    for bench, runs in sorted(benches.items()):
        table.add_row(bench, *_row(runs))
    table.add_section()
    table.add_row("all", *_row(results))
    console.print()
    tables.show(console, table)
    for what, alike in buckets(results).items():
        first, *others = alike
        heading = f"\nFAILED {len(alike)} of {len(results)}: {what}"
        console.print(heading, style="bold red", markup=False, highlight=False, soft_wrap=True)
        again = f"{first.repeated} again, with waves" if first.repeated else ""
        waves = f"waves: {first.waves}" if first.waves else ""
        also = [f"also {one.run}" for one in others[:NAMED]]
        more = f"and {len(others) - NAMED} more" if len(others) > NAMED else ""
        for line in (str(first.run), first.said, again, waves, first.replay, *also, more):
            if line:
                console.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)
    build = datetime.timedelta(seconds=round(data["build_seconds"]))
    total = datetime.timedelta(seconds=round(data["seconds"]))
    console.print(
        f"\n{total} with {data['workers']}; {build} of their time went into builds", highlight=False, soft_wrap=True
    )


def _count(results: list[RunResult], status: str) -> int:
    return sum(result.status == status for result in results)


def _row(results: list[RunResult]) -> list[str]:
    seconds = sum(result.seconds for result in results)
    return [str(len(results)), str(_count(results, "passed")), str(_count(results, "failed")), f"{seconds:.0f}"]


def _entry(result: RunResult) -> dict:
    return {
        "node": result.run.node,
        "bench": result.run.bench,
        "seed": result.run.seed,
        "simulators": result.simulators,
        "status": result.status,
        "seconds": result.seconds,
        "build_seconds": result.build_seconds,
        "problem": result.problem,
        "bucket": result.bucket if result.problem else "",
        "divergence": result.said,
        "diverging": result.cause.divergence.fields() if result.cause and result.cause.divergence else None,
        "replay": result.replay,
        "repeated": result.repeated,
        "waves": result.waves,
        "log": f"regress/{log_name(result.run)}",
    }


def _case(result: RunResult) -> TestCase:
    """A run as one test case."""
    case = TestCase(f"{result.run.node.split('::', 1)[1]} seed {result.run.seed}", result.run.node.split("::")[0])
    case.time = round(result.seconds, 3)
    own = [entry for found in result.cases for entry in found.result if isinstance(entry, Failure | Error)]
    if result.problem:
        case.result = own[:1] or [Error(result.problem, "run")]
        case.system_out = result.replay
        properties = Properties()
        for name, value in result.cause.properties() if result.cause else ():
            properties.append(Property(name, str(value)))
        case.append(properties)
    return case
