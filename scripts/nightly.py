# SPDX-License-Identifier: Apache-2.0
"""``make nightly``: regression, other tests, coverage, proofs, an answer and the speed of it, and one report of all.

PARTS are those to do (all by default); they take parameters of their own. SEED, the first of the regression, is the
date by default, so that every night tries other seeds; coverage is measured with the same seeds every night, so that
nights can be compared. A part is a process of its own, with a log and a limit of time; one that fails hides no other.
A night that is stopped stops its part, and reports what was done. A whole night leaves a line in history/nightly.jsonl,
for the report's trend.
"""

import datetime
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from models.errors import InputError
from models.project import ROOT, build_of
from scripts.campaign import tally
from scripts.campaign.tally import Tally
from scripts.cli import parameters
from scripts.cli.benches import NO_BENCHES
from scripts.cli.command import command, given, make_line
from scripts.cli.files import write, write_text
from scripts.night import page, results
from scripts.night.results import Outcome
from tb.evidence.plan import plan
from tb.rig import record
from tb.rig.processes import bound, interrupted

WHY = ("FAILED", "PROBLEM", "error: ")  # how a line begins that says why a part failed
GRACE_S = 20  # for a part that is stopped to stop its own and to keep what it did


@dataclass(frozen=True)
class Part:
    """A part of the night: its name, which is a target of the Makefile, and what it calls Python with.

    ``results`` is the file it leaves with the results, ``limit`` the minutes it may take, ``takes`` the parameters that
    are for it.
    """

    name: str
    arguments: tuple[str, ...]
    results: str
    limit: int
    takes: tuple[str, ...] = ()


# What `make regress` leaves out: tests that are no benches.
OTHERS = ("models/tests", "scripts/tests", *NO_BENCHES)
# Of what a part is called with, {results} stands for the folder of the results.
PYTEST = ("-m", "pytest", "-q", "-n", "auto", "-p", "no:cacheprovider", "--junitxml={results}/test.xml", *OTHERS)
# The limits are for parts that hang: a machine may be several times slower than the one that docs/nightly.md shows.
PARTS = (
    Part(
        "regress", ("-m", "scripts.regress"), "regress.json", 300, ("SEEDS", "SEED", "SIM", "TEST", "CLUSTER", "JOBS")
    ),
    Part("test", PYTEST, "test.xml", 90),
    Part("coverage", ("-m", "scripts.coverage"), "coverage.json", 180, ("SEEDS", "CLUSTER", "JOBS")),
    Part("formal", ("-m", "scripts.formal"), "formal.json", 120, ("JOBS",)),
    Part("sim", ("-m", "scripts.sim"), "sim.json", 60, ("MODEL",)),
    Part("soak", ("-m", "scripts.soak"), "soak.json", 120),
    Part("grade", ("-m", "scripts.grade", "--count", "220", "--confirm", "1"), "grade.json", 60, ("MODEL", "SEED")),
    Part("production", ("-m", "scripts.production", "--count", "440"), "production.json", 60, ("MODEL", "SEED")),
    Part("upsets", ("-m", "scripts.upsets", "--count", "290"), "upsets.json", 60, ("SEED",)),
    Part("bench", ("-m", "scripts.bench"), "bench.json", 60, ("MODEL",)),
)


OF_PARTS = (parameters.SEEDS, parameters.SIM, parameters.CLUSTER, parameters.JOBS, parameters.MODEL)  # as they are


@dataclass
class NightTally(Tally):
    """Parts of a night: which one goes on, with its log, and the minutes of a ``usual`` night, None without one."""

    part: str = ""
    log: Path | None = None
    usual: float | None = None

    def __str__(self) -> str:
        said = self.log.read_text(errors="replace").strip().splitlines() if self.log and self.log.is_file() else []
        return f"{super().__str__()}; {self.part}: {said[-1].strip() if said else 'nothing said yet'}"

    def _time_left(self) -> str:
        gone = (time.monotonic() - self.begun) / 60
        return (
            "time left not known yet" if self.usual is None else f"about {max(0, self.usual - gone):.0f} minutes left"
        )


@command("nightly", parameters.PARTS, parameters.SEED, parameters.TEST, *OF_PARTS)
def main(root: Path = ROOT, every: tuple[Part, ...] = PARTS, *, parts: str, seed: int | None, **_: object) -> int:
    """Do the night of the project in ``root``, print, and leave nightly.json, nightly.html and logs with the results.

    Returns:
        0 if every part passed, else 1.
    """
    chosen = choose(every, parts)
    began = datetime.datetime.now(datetime.UTC)
    if seed is None:
        seed = int(began.strftime("%Y%m%d"))
    folder = build_of(root) / "results"
    for name in (*(part.results for part in chosen), "nightly.json", "nightly.html"):
        (folder / name).unlink(missing_ok=True)
    console = Console()
    console.print(f"{', '.join(part.name for part in chosen)}; seed {seed}", highlight=False, soft_wrap=True)
    outcomes: list[Outcome] = []
    asked = dict(given()) | {"SEED": str(seed)}
    stopped = interrupted(lambda: run_all(chosen, root, folder, console, asked, outcomes))
    for part in chosen[len(outcomes) :]:
        outcomes.append(Outcome(part.name, "not done: the night was stopped", 0, "", replay(part, asked)))
    whole = "TEST" not in asked and chosen == every and not stopped
    night = results.night(root, began, seed, outcomes, whole)
    found = results.load(folder, night)
    history = results.history(root)
    history.append(results.entry(night, found))
    if whole:
        results.keep(root, history)
    write(folder / "nightly.json", night)
    write_text(folder / "nightly.html", page.page(night, found, plan.load(), history, root / "hdl"))
    console.print(f"report: {folder / 'nightly.html'}", soft_wrap=True)
    if stopped:
        raise stopped
    return int(not night["passed"])


def choose(parts: tuple[Part, ...], names: str) -> tuple[Part, ...]:
    """Those of ``parts`` that PARTS names; '': all. InputError for an unknown name."""
    wanted = names.split()
    if unknown := set(wanted) - {part.name for part in parts}:
        known = " ".join(part.name for part in parts)
        raise InputError(f"the night has no part {min(unknown)!r}", "PARTS", f"choose from {known}")
    return tuple(part for part in parts if part.name in wanted or not wanted)


def run_all(
    parts: tuple[Part, ...], root: Path, folder: Path, console: Console, asked: dict[str, str], outcomes: list[Outcome]
) -> None:
    """Run parts one after another, told as they end; what became of each goes to ``outcomes``, of one that is stopped
    too."""
    count = NightTally(len(parts), 1, usual=next((one["minutes"] for one in reversed(results.history(root))), None))
    with tally.shown(count, console) as step:
        for part in parts:
            count.part, count.log = part.name, _log(folder, part)
            outcome, stopped = run(part, root, folder, asked)
            outcomes.append(outcome)
            count.passed += not outcome.problem
            count.failed += bool(outcome.problem)
            text = f"{part.name}: {outcome.problem or 'passed'}, {datetime.timedelta(seconds=round(outcome.seconds))}"
            style = "red" if outcome.problem else ""
            console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)
            step()
            if stopped:
                raise stopped


def replay(part: Part, asked: dict[str, str]) -> str:
    """The command that does a part again, with the parameters that it was given."""
    return make_line(part.name, asked, part.takes)


def run(part: Part, root: Path, folder: Path, asked: dict[str, str]) -> tuple[Outcome, KeyboardInterrupt | None]:
    """Run one part, from its start until nothing of it is left; gives what became of it, and what stopped the night.

    The part has its parameters as options.
    """
    log, records = _log(folder, part), results.records(folder, part.name)
    shutil.rmtree(records, ignore_errors=True)
    records.mkdir(parents=True)
    command = [argument.replace("{results}", str(folder)) for argument in part.arguments]
    for name in part.takes:
        command += [f"--{name.lower()}", asked[name]] if name in asked else []
    others = {name for name in os.environ if name in parameters.EVERY and name != "BUILD"}
    env = {name: value for name, value in os.environ.items() if name not in others}
    if part.name in results.ONE_RUN:
        env[record.VARIABLE] = str(records)
    begun, status = time.perf_counter(), None
    with log.open("wb") as file:
        child = subprocess.Popen(
            [sys.executable, *command],
            cwd=root,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=bound(signal.SIGTERM),
        )

        def wait() -> None:
            nonlocal status
            try:
                status = child.wait(60 * part.limit)
            except subprocess.TimeoutExpired:
                pass
            finally:
                _stop(child)

        stopped = interrupted(wait)
    seconds = time.perf_counter() - begun
    problem = str(stopped) or "stopped" if stopped else _problem(part, status, folder / part.results, log)
    return Outcome(part.name, problem, seconds, str(log.relative_to(folder)), replay(part, asked)), stopped


def _stop(child: subprocess.Popen) -> None:
    """Stop a part, so that it keeps what it did, and kill what that leaves."""
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def _log(folder: Path, part: Part) -> Path:
    return folder / "nightly" / f"{part.name}.log"


def _problem(part: Part, status: int | None, results: Path, log: Path) -> str:
    """What is wrong with a part that ended so, in one line; '' if nothing is: status and results must agree."""
    if status is None:
        return f"stopped after {part.limit} minutes"
    if status:
        said = log.read_text(errors="replace").strip().splitlines() or ["it said nothing"]
        why = next((line for line in said if line.startswith(WHY)), said[-1])
        return f"left with status {status}: {why.strip()}"
    return "" if results.is_file() else f"left no {results.name}"


if __name__ == "__main__":
    sys.exit(main(argv=sys.argv[1:]))
