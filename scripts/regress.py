# SPDX-License-Identifier: Apache-2.0
"""``make regress``: every bench of tb/ with several seeds on both simulators, in parallel, a process a run.

Dask distributes the runs, and starts those of a worker that died anew on another. Of failures of one kind one is done
once more with waves. What ends is kept as it ends: RESUME=1 goes on with a regression that was stopped, FAILED=1 runs
again, with waves, what failed in the last one.
"""

import sys
import time
from pathlib import Path

from rich.console import Console

from models.errors import InputError
from models.project import ROOT, build_of
from scripts.campaign import regress_report
from scripts.campaign.benches import collect_benches, list_runs
from scripts.campaign.cluster import connected
from scripts.campaign.execute import run_campaign, workers
from scripts.campaign.kept import Kept, Plan
from scripts.cli.command import command, given
from scripts.cli.parameters import CLUSTER, FAILED, JOBS, ON, RESUME, SEED, SEEDS, SIM, TEST, WAVES, seeds_from
from tb.rig import toolchain
from tb.rig.processes import interrupted

SIMULATORS = ("verilator", "icarus")


@command("regress", SEEDS, SEED, SIM, TEST, CLUSTER, JOBS, WAVES, FAILED, RESUME)
def main(
    root: Path = ROOT, *, cluster: str, jobs: int | None, waves: str, failed: str, resume: str, **choice: object
) -> int:
    """Run the benches of ``root``/tb, print, and leave regress.json and regress.xml with the results.

    Returns:
        0 if all runs passed, else 1.
    """
    folder = build_of(root) / "results"
    kept = Kept(folder / "regress")
    old = ON in (failed, resume)
    plan = _old(kept, failed, resume) if old else _new(root, **choice)
    versions = {name: toolchain.describe(name) for name in ([plan.sim] if plan.sim else SIMULATORS)}
    console = Console()
    where = cluster or "this machine"
    with connected(cluster, jobs) as client:
        if resume != ON:
            kept.begin(plan)
        done = {result.run for result in kept.results() if not result.lost}
        runs = [run for run in plan.runs if run not in done]
        (folder / "regress.json").unlink(missing_ok=True)
        (folder / "regress.xml").unlink(missing_ok=True)
        before = f", {len(done)} were done before" if done else ""
        said = f"{len(runs)} runs on {where}, {plan.seeds} seeds from {plan.first_seed}{before}"
        console.print(said, highlight=False, soft_wrap=True)
        begun = time.perf_counter()
        stopped = interrupted(
            lambda: run_campaign(
                client, runs, root, console, kept.add, SIM=plan.sim, WAVES=ON if ON in (waves, failed) else ""
            )
        )
        seconds, at_once = time.perf_counter() - begun, f"{workers(client)} workers on {where}"
    results = kept.results()
    for simulator in {name for result in results for name in result.simulators} - set(versions):
        versions[simulator] = toolchain.describe(simulator)  # of benches that choose their simulator themselves
    figures = regress_report.figures(results, plan, versions, at_once, seconds)
    regress_report.leave(folder, results, figures)
    regress_report.show(console, results, figures)
    console.print(f"results: {folder / 'regress.json'}, regress.xml beside it, logs in regress/", soft_wrap=True)
    if stopped:
        left = f"{len(results)} of {len(plan.runs)} runs done: `make regress RESUME=1` goes on with the others"
        console.print(left, highlight=False, soft_wrap=True)
        raise stopped
    return int(figures["failed"] > 0)


def _new(root: Path, seeds: int, seed: int, sim: str, test: str) -> Plan:
    """All runs of these parameters. InputError if there are none."""
    chosen = seeds_from(seed, seeds)
    if sim:
        toolchain.require(sim)
    return Plan(list_runs(collect_benches(test, root, SIM=sim), chosen), seed, seeds, sim)


def _old(kept: Kept, failed: str, resume: str) -> Plan:
    """The plan of the last regression, or what failed of it. InputError if nothing did, or more is asked for."""
    if failed == resume:
        raise InputError("what failed and what was left are two regressions", "FAILED, RESUME", "give one of them")
    name = "RESUME" if resume == ON else "FAILED"
    if others := sorted({"SEEDS", "SEED", "SIM", "TEST"}.intersection(given())):
        raise InputError(
            f"{name} takes the runs of the last regression, not {others[0]}", name, f"leave out {others[0]}"
        )
    plan = kept.plan()
    if resume == ON:
        return plan
    bad = [result.run for result in kept.results() if result.problem]
    if not bad:
        raise InputError("nothing failed in the last regression", "FAILED", "run `make regress`")
    return Plan(bad, plan.first_seed, plan.seeds, plan.sim)


if __name__ == "__main__":
    sys.exit(main(argv=sys.argv[1:]))
