# SPDX-License-Identifier: Apache-2.0
"""The report of a regression: figures and JUnit for machines, logs, and a table. All of it from the same results."""

import datetime
import re
from collections import defaultdict
from pathlib import Path

from junitparser import Error, Failure, JUnitXml, TestCase, TestSuite
from rich.console import Console
from rich.table import Table

from scripts.campaign.result import RunResult
from scripts.cli import tables
from scripts.cli.files import write, write_text

SLOWEST = 10


def figures(results: list[RunResult], seeds: range, simulators: dict[str, str], workers: str, seconds: float) -> dict:
    """What build/results/regress.json holds, results in the order in which they are given.

    Args:
        results: of all runs.
        seeds: that were asked for.
        simulators: name -> version.
        workers: where it ran.
        seconds: from the start of the first run to the end of the last.
    """
    slowest = sorted(results, key=lambda result: -result.seconds)[:SLOWEST]
    return {
        "first_seed": seeds.start,
        "seeds": len(seeds),
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
        "results": [_entry(result) for result in results],
    }


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
    """Write regress.json, regress.xml, and a log a run below ``folder``."""
    for result in results:
        write_text(folder / _log(result), result.output)
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
    for result in results:
        if result.problem:
            console.print(f"\nFAILED {result.run}", style="bold red", markup=False, highlight=False, soft_wrap=True)
            again = f"{result.repeated} again, with waves" if result.repeated else ""
            for line in (result.said, again, f"waves: {result.waves}" if result.waves else "", result.replay):
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
        "divergence": result.said,
        "diverging": result.cause.divergence.fields() if result.cause and result.cause.divergence else None,
        "replay": result.replay,
        "repeated": result.repeated,
        "waves": result.waves,
        "log": _log(result),
    }


def _log(result: RunResult) -> str:
    """The log's path below the folder of the results."""
    return "regress/" + re.sub(r"[^\w.-]+", "_", result.run.node) + f"-{result.run.seed}.log"


def _case(result: RunResult) -> TestCase:
    """A run as one test case."""
    case = TestCase(f"{result.run.node.split('::', 1)[1]} seed {result.run.seed}", result.run.node.split("::")[0])
    case.time = round(result.seconds, 3)
    own = [entry for found in result.cases for entry in found.result if isinstance(entry, Failure | Error)]
    if result.problem:
        case.result = own[:1] or [Error(result.problem, "run")]
        case.system_out = result.replay
    return case
