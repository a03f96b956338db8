# SPDX-License-Identifier: Apache-2.0
"""``make nightly``: regression, other tests, coverage, proofs, an answer and the speed of it, and one report of all.

PARTS are those to do (all by default); they take parameters of their own. SEED, the first of the regression, is the
date by default, so that every night tries other seeds; coverage is measured with the same seeds every night, so that
nights can be compared. A part is a process of its own, with a log and a limit of time; one that fails hides no other.
A whole night leaves a line in history/nightly.jsonl, for the report's trend.
"""

import datetime
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from models.errors import InputError
from models.project import ROOT
from scripts.cli import parameters
from scripts.cli.benches import NO_BENCHES
from scripts.cli.command import command
from scripts.cli.files import write, write_text
from scripts.night import page, results
from scripts.night.results import Outcome
from tb.evidence.plan import plan

GRACE_S = 20  # for a part that is stopped to stop its own


@dataclass(frozen=True)
class Part:
    """A part of the night: its name, which is a target of the Makefile, and what it calls Python with.

    ``results`` is the file it leaves in build/results, ``limit`` the minutes it may take, ``takes`` the parameters of
    the environment that are for it.
    """

    name: str
    arguments: tuple[str, ...]
    results: str
    limit: int
    takes: tuple[str, ...] = ()


# What `make regress` leaves out: tests that are no benches.
OTHERS = ("models/tests", "scripts/tests", *NO_BENCHES)
PYTEST = ("-m", "pytest", "-q", "-n", "auto", "-p", "no:cacheprovider", "--junitxml=build/results/test.xml", *OTHERS)
PARTS = (
    Part("regress", ("-m", "scripts.regress"), "regress.json", 60, ("SEEDS", "SEED", "SIM", "TEST", "CLUSTER")),
    Part("test", PYTEST, "test.xml", 15),
    Part("coverage", ("-m", "scripts.coverage"), "coverage.json", 30, ("SEEDS", "CLUSTER")),
    Part("formal", ("-m", "scripts.formal"), "formal.json", 20),
    Part("sim", ("-m", "scripts.sim"), "sim.json", 10, ("MODEL",)),
    Part("bench", ("-m", "scripts.bench"), "bench.json", 10, ("MODEL",)),
)


OF_PARTS = (parameters.SEEDS, parameters.SIM, parameters.CLUSTER, parameters.MODEL)  # which get them as they are


@command("nightly", parameters.PARTS, parameters.SEED, parameters.TEST, *OF_PARTS)
def main(
    root: Path = ROOT, every: tuple[Part, ...] = PARTS, *, parts: str, seed: int | None, test: str, **_of_parts: object
) -> int:
    """Do the night of the project in ``root``, print, and leave nightly.json, nightly.html and logs in build/results.

    Returns:
        0 if every part passed, else 1.
    """
    chosen = choose(every, parts)
    began = datetime.datetime.now(datetime.UTC)
    if seed is None:
        seed = int(began.strftime("%Y%m%d"))
    folder = root / "build" / "results"
    for name in (*(part.results for part in every), "nightly.json", "nightly.html"):
        (folder / name).unlink(missing_ok=True)
    console = Console()
    console.print(f"{', '.join(part.name for part in chosen)}; seed {seed}", highlight=False, soft_wrap=True)
    outcomes = run_all(chosen, root, folder, console, os.environ | {"SEED": str(seed)})
    whole = not test and chosen == every
    night = results.night(root, began, seed, outcomes, whole)
    found = results.load(folder)
    history = results.history(root)
    history.append(results.entry(night, found))
    if whole:
        results.keep(root, history)
    write(folder / "nightly.json", night)
    write_text(folder / "nightly.html", page.page(night, found, plan.load(), history, root / "hdl"))
    console.print(f"report: {folder / 'nightly.html'}", soft_wrap=True)
    return int(not night["passed"])


def choose(parts: tuple[Part, ...], names: str) -> tuple[Part, ...]:
    """Those of ``parts`` that PARTS names; '': all. InputError for an unknown name."""
    wanted = names.split()
    if unknown := set(wanted) - {part.name for part in parts}:
        known = " ".join(part.name for part in parts)
        raise InputError(f"the night has no part {min(unknown)!r}", "PARTS", f"choose from {known}")
    return tuple(part for part in parts if part.name in wanted or not wanted)


def run_all(parts: tuple[Part, ...], root: Path, folder: Path, console: Console, env: dict) -> list[Outcome]:
    """Run parts one after another; gives what became of each, told as they end."""
    columns = BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    outcomes = []
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("", total=len(parts))
        for part in parts:
            progress.update(bar, description=part.name)
            own = {name: value for name, value in env.items() if name not in parameters.EVERY or name in part.takes}
            outcome = run(part, root, folder, own)
            outcomes.append(outcome)
            text = f"{part.name}: {outcome.problem or 'passed'}, {datetime.timedelta(seconds=round(outcome.seconds))}"
            style = "red" if outcome.problem else ""
            console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)
            progress.update(bar, advance=1)
    return outcomes


def run(part: Part, root: Path, folder: Path, env: dict[str, str]) -> Outcome:
    """Run one part, from its start until nothing of it is left; gives what became of it."""
    log = folder / "nightly" / f"{part.name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    begun = time.perf_counter()
    with log.open("wb") as file:
        child = subprocess.Popen(
            [sys.executable, *part.arguments],
            cwd=root,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            status = child.wait(60 * part.limit)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            _stop(child)
    seconds = time.perf_counter() - begun
    problem = _problem(part, status, folder / part.results, log)
    return Outcome(part.name, problem, seconds, str(log.relative_to(folder)), f"make {part.name}")


def _stop(child: subprocess.Popen) -> None:
    """Stop a part by Ctrl-C, as a user would, and kill what that leaves."""
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGINT)
        try:
            child.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def _problem(part: Part, status: int | None, results: Path, log: Path) -> str:
    """What is wrong with a part that ended so, in one line; '' if nothing is: status and results must agree."""
    if status is None:
        return f"stopped after {part.limit} minutes"
    if status:
        said = log.read_text(errors="replace").strip().splitlines() or ["it said nothing"]
        return f"left with status {status}: {said[-1].strip()}"
    return "" if results.is_file() else f"left no {results.name}"


if __name__ == "__main__":
    sys.exit(main(argv=sys.argv[1:]))
