"""``make regress``: every bench of tb/ with several seeds on both simulators, in parallel, a process a run.

Dask distributes the runs, and starts those of a worker that died anew on another. A failed run is done once more with
waves.
"""

import itertools
import json
import os
import shutil
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from distributed import Client, Future, as_completed
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from models.project import ROOT
from scripts.campaign import collect, job, regress_report
from scripts.campaign.cluster import connected
from scripts.campaign.result import Result, Run, judged, lost
from scripts.cli import benches
from scripts.cli.command import command
from scripts.cli.parameters import CLUSTER, SEED, SEEDS, SIM, TEST, seeds_from
from tb.rig import toolchain

SIMULATORS = ("verilator", "icarus")
PYTEST = ("-q", "-s", "--tb=short", "-p", "no:xdist", "-p", "no:cacheprovider")
LIMIT_S = 900  # for a run, its build included
REPEATS = 5  # failed runs that are done once more with waves


@command("regress", SEEDS, SEED, SIM, TEST, CLUSTER)
def main(root: Path = ROOT, *, seeds: int, seed: int, sim: str, test: str, cluster: str) -> int:
    """Run the benches of ``root``/tb, print, and leave regress.json and regress.xml in ``root``/build/results.

    Returns:
        0 if all runs passed, else 1.
    """
    chosen = seeds_from(seed, seeds)
    versions = {simulator: toolchain.describe(simulator) for simulator in ([sim] if sim else SIMULATORS)}
    runs = matrix(collected(test, root, SIM=sim), chosen)
    folder = root / "build" / "results"
    console = Console()
    where = cluster or "this machine"
    with connected(cluster) as client:
        _forget(folder)
        console.print(f"{len(runs)} runs on {where}, {seeds} seeds from {seed}", highlight=False, soft_wrap=True)
        begun = time.perf_counter()
        results = performed(client, runs, root, console, SIM=sim)
        seconds = time.perf_counter() - begun
        workers = f"{len(client.scheduler_info(n_workers=-1)['workers'])} workers on {where}"
    for simulator in {name for result in results for name in result.simulators} - set(versions):
        versions[simulator] = toolchain.describe(simulator)  # of benches that choose their simulator themselves
    figures = regress_report.figures(results, chosen, versions, workers, seconds)
    regress_report.leave(folder, results, figures)
    regress_report.show(console, results, figures)
    console.print(f"results: {folder / 'regress.json'}, regress.xml beside it, logs in regress/", soft_wrap=True)
    return int(figures["failed"] > 0)


def collected(test: str, root: Path, **env: str) -> list[tuple[str, bool]]:
    """(pytest node, whether one seed is enough) of the benches that TEST names. InputError if there are none.

    All benches are tb/ without its rig and oracle, whose tests are about the benches' parts. ``env`` is added to the
    environment, where SIM narrows the choice.
    """
    arguments = [*benches.choose(test, root), *(f"--ignore={room}" for room in benches.NO_BENCHES)]
    done = subprocess.run(
        [sys.executable, "-P", collect.__file__, *arguments],
        cwd=root,
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")} | env,
        capture_output=True,
        text=True,
    )
    if done.returncode in (4, 5):  # pytest: usage error, nothing collected
        raise benches.no_bench(test)
    assert done.returncode == 0, f"the benches cannot be collected\n{done.stderr}"
    return [(node, once) for node, once in json.loads(done.stdout)]


def matrix(nodes: list[tuple[str, bool]], seeds: range) -> list[Run]:
    """All runs, those of the first seed, which build the models, before the others."""
    return [Run(node, seed) for seed in seeds for node, once in nodes if not once or seed == seeds.start]


def spread(runs: list[Run]) -> list[Run]:
    """The order to start them in: benches take turns, so that neighbours seldom wait for one and the same build."""
    turns = defaultdict(itertools.count)
    return sorted(runs, key=lambda run: (run.seed, next(turns[run.bench, run.seed])))


def performed(client: Client, runs: list[Run], root: Path, console: Console, **env: str) -> list[Result]:
    """The results of all runs, in their order, failures told as they come and done once more with waves.

    ``env`` is added to the environment of the runs.
    """
    columns = BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[failed]} failed"), TimeElapsedColumn()
    results = {}
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("", total=len(runs), failed=0)
        for result in executed(client, spread(runs), root, **env):
            results[result.run] = result
            if result.problem:
                line = f"FAILED {result.run}: {result.divergence}"
                console.print(line, style="red", markup=False, highlight=False, soft_wrap=True)
            failed = sum(bool(result.problem) for result in results.values())
            progress.update(task, advance=1, failed=failed)
    results = [results[run] for run in runs]
    for result in [result for result in results if result.problem and not result.lost][:REPEATS]:
        console.print(f"again with waves: {result.run}", markup=False, highlight=False, soft_wrap=True)
        (again,) = executed(client, [result.run], root, **env, WAVES="1")
        result.repeated, result.waves = again.status, again.waves
    return results


def executed(client: Client, runs: list[Run], root: Path, **env: str) -> Iterator[Result]:
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
    env = {"OPENBLAS_NUM_THREADS": "1"} | env  # as conftest.py does
    request = json.dumps({"command": pytest, "cwd": str(root), "env": env, "limit": limit})
    call = [sys.executable, "-I", job.__file__, request]
    return client.submit(subprocess.run, call, capture_output=True, text=True, pure=False, priority=-order)


def result_of(future: Future, run: Run) -> Result:
    """What became of a run that is done."""
    try:
        done = future.result()
    except Exception as problem:  # all of its workers died, the scheduler died, no such file on the worker ...
        return lost(run, f"the cluster lost the run: {type(problem).__name__}: {' '.join(str(problem).split())}")
    if done.returncode:
        said = done.stderr.strip() or f"status {done.returncode}"
        return lost(run, f"the worker could not do the run: {said.splitlines()[-1]}")
    return judged(run, **json.loads(done.stdout))


def _forget(folder: Path) -> None:
    """Remove the results of the last regression, so that none are there if this one is stopped."""
    for name in ("regress.json", "regress.xml"):
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(folder / "regress", ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(argv=sys.argv[1:]))
