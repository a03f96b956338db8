# SPDX-License-Identifier: Apache-2.0
"""Has a cluster do the runs of a campaign, a process a run."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from distributed import Client, Future, as_completed
from rich.console import Console

from models.project import build_of
from scripts.campaign import job, tally
from scripts.campaign.benches import take_turns
from scripts.campaign.result import Run, RunResult, judge, lose
from scripts.campaign.tally import Tally

PYTEST = ("-q", "-s", "--tb=short", "-p", "no:xdist", "-p", "no:cacheprovider")
LIMIT_S = 1500  # for a run, its build included: longer than pytest gives a test, which says which one hangs
REPEATS = 5  # failed runs that are done once more with waves, each of another kind


def run_campaign(
    client: Client,
    runs: list[Run],
    root: Path,
    console: Console,
    keep: Callable[[RunResult], object] = lambda result: None,
    **env: str,
) -> list[RunResult]:
    """Do all runs; gives their results in the same order. Failures are told as they come; one of each kind is done
    again with waves, unless all have them.

    ``keep`` is called with each result as it comes, and again when that run was done again. ``env`` is added to the
    environment of the runs.
    """
    results = {}
    count = Tally(len(runs), workers(client))
    with tally.shown(count, console) as step:
        for result in execute(client, take_turns(runs), root, **env):
            results[result.run] = result
            keep(result)
            count.passed += not result.problem
            count.failed += bool(result.problem)
            if result.problem:
                line = f"FAILED {result.run}: {result.said}"
                console.print(line, style="red", markup=False, highlight=False, soft_wrap=True)
            step()
    results = [results[run] for run in runs]
    kinds = {result.bucket: result for result in reversed(results) if result.problem and not result.lost}
    for result in [] if env.get("WAVES") else list(reversed(kinds.values()))[:REPEATS]:
        console.print(f"again with waves: {result.run}", markup=False, highlight=False, soft_wrap=True)
        (again,) = execute(client, [result.run], root, **env | {"WAVES": "1"})
        result.repeated, result.waves = again.status, again.waves
        keep(result)
    return results


def workers(client: Client) -> int:
    """How many workers the cluster has now, 1 where they are still to come."""
    return max(1, len(client.scheduler_info(n_workers=-1)["workers"]))


def execute(client: Client, runs: list[Run], root: Path, **env: str) -> Iterator[RunResult]:
    """Have the cluster do these runs with ``env`` added to their environment; gives results as they come."""
    futures = {}
    for order, run in enumerate(runs):
        given = {"SEED": str(run.seed), **env}
        futures[submit(client, [run.node], root, order, **given)] = run
    for future in as_completed(futures):
        yield result_of(future, futures[future])


def submit(client: Client, arguments: list[str], root: Path, order: int, limit: float = LIMIT_S, **env: str) -> Future:
    """Have the cluster call pytest in ``root`` with ``env`` added to its environment, after those of a lower order."""
    pytest = [sys.executable, "-m", "pytest", *arguments, *PYTEST]
    env = {"OPENBLAS_NUM_THREADS": "1", "BUILD": str(build_of(root))} | env  # the former as conftest.py does
    request = json.dumps({"command": pytest, "cwd": str(root), "env": env, "limit": limit})
    call = [sys.executable, "-I", job.__file__, request]
    return client.submit(subprocess.run, call, capture_output=True, text=True, pure=False, priority=-order)


def result_of(future: Future, run: Run) -> RunResult:
    """What became of a run that is done."""
    try:
        done = future.result()
    except Exception as problem:  # all of its workers died, the scheduler died, no such file on the worker ...
        return lose(run, f"the cluster lost the run: {type(problem).__name__}: {' '.join(str(problem).split())}")
    if done.returncode:
        said = done.stderr.strip() or f"status {done.returncode}"
        return lose(run, f"the worker could not do the run: {said.splitlines()[-1]}")
    return judge(run, **json.loads(done.stdout))
