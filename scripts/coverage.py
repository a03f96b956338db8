# SPDX-License-Identifier: Apache-2.0
"""``make coverage``: what the benches reach of the testplan's coverage points and of the code of hdl/.

Runs the tests of all testpoints that have coverage points, on Verilator, and merges what they leave. With TEST=name it
runs only these benches, and gives no verdict.
"""

import sys
import time
from pathlib import Path

from rich.console import Console

from models.errors import InputError
from models.project import HDL, ROOT, build_of
from scripts.campaign import coverage_export, coverage_report
from scripts.campaign.benches import collect_benches, list_runs
from scripts.campaign.cluster import connected
from scripts.campaign.execute import run_campaign
from scripts.campaign.result import RunResult
from scripts.cli.command import command
from scripts.cli.files import write
from scripts.cli.parameters import CLUSTER, JOBS, SEED, SEEDS, SIM, TEST, seeds_from
from tb.evidence.coverage import code, exclusions, functional
from tb.evidence.plan import plan
from tb.rig import folders, toolchain

SIMULATOR = "verilator"


@command("coverage", SEEDS, SEED, SIM, TEST, CLUSTER, JOBS)
def main(root: Path = ROOT, *, seeds: int, seed: int, sim: str, test: str, cluster: str, jobs: int | None) -> int:
    """Run the benches in ``root``/tb, merge, print, and leave coverage.json and its exports with the results.

    Returns:
        0 if all runs passed and everything is reached, else 1.
    """
    chosen = seeds_from(seed, seeds)
    if sim not in ("", SIMULATOR):
        raise InputError(f"coverage is counted by {SIMULATOR}", "SIM", "leave it out")
    simulator, testplan = toolchain.describe(SIMULATOR), plan.load()
    left_out, excuses = exclusions.load(), exclusions.shortfalls()
    benches = collect_benches(test, root, SIM=SIMULATOR)
    if not test:
        measured = set(plan.nodes(testplan, [node for node, _ in benches]))
        benches = [(node, once) for node, once in benches if node in measured]
    runs = list_runs(benches, chosen)
    console, begun = Console(), time.perf_counter()
    target = build_of(root) / "results" / "coverage.json"
    if not test:
        for name in (target.name, *coverage_export.NAMES):
            target.with_name(name).unlink(missing_ok=True)
    console.print(f"{len(runs)} runs, {seeds} seeds from {seed}, {simulator}", highlight=False, soft_wrap=True)
    with folders.scratch(build_of(root) / "runs" / "coverage") as folder:  # which every worker sees
        with connected(cluster, jobs) as client:
            results = run_campaign(client, runs, root, console, SIM=SIMULATOR, COVERAGE_DIR=str(folder))
        failed = [result for result in results if result.problem]
        files = [file for file in folder.rglob("code.dat") if file.stat().st_size or not failed]  # a run may have died
        counts = code.merge(files, HDL)
        assert counts, "no run left coverage"
        hits = functional.merge(folder.rglob("functional.yml"), folder / "merged.yml")
        points = (folder / "merged.yml").read_text(encoding="utf-8")
    excluded, stale = exclusions.apply(left_out, counts, HDL)
    reached = code.Code(counts, excluded)
    figures = {
        "test": test,
        "first_seed": seed,
        "seeds": seeds,
        "simulator": simulator,
        "runs": len(runs),
        "failed": len(failed),
        "seconds": time.perf_counter() - begun,
        **coverage_report.figures(reached, hits, testplan, excuses),
        "exclusions": len(left_out),
    }
    figures["problems"] = [*map(_describe, failed), *([] if test else stale + coverage_report.problems(figures))]
    coverage_report.show(console, figures)
    if not test:
        coverage_export.leave(target.parent, reached, points)
        write(target, figures)
        console.print(f"results: {target}", soft_wrap=True)
    return int(bool(figures["problems"]))


def _describe(result: RunResult) -> str:
    return f"failed: {result.run}: {result.said}; replay: {result.replay}"


if __name__ == "__main__":
    sys.exit(main(argv=sys.argv[1:]))
