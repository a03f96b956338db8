"""``make coverage``: what the benches reach of the testplan's coverage points and of the code of hdl/.

Parameters come from the environment: SEEDS (how many, 1), SEED (the first), TEST (only these benches, and no verdict),
CLUSTER. Runs the tests of all testpoints that have coverage points, on Verilator, and merges what they leave.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console

from models.errors import InputError
from models.project import HDL, ROOT
from scripts import command, regress
from scripts.campaign import coverage_export, coverage_report
from scripts.campaign.cluster import connected
from scripts.campaign.result import Result
from tb.evidence.coverage import code, exclusions, functional
from tb.evidence.plan import plan
from tb.rig import toolchain

SIMULATOR = "verilator"


def main(root: Path = ROOT) -> int:
    """Measure the coverage of the benches in ``root``/tb; gives the exit status."""
    return command.guarded(lambda: coverage(root))


def coverage(root: Path) -> int:
    """Run, merge, print, and leave coverage.json and its exports: 0 if all runs passed and everything is reached."""
    seeds = command.number("SEEDS", 1, 1, 1000)
    first = command.number("SEED", 1, 0, command.SEED_MAX - seeds + 1)
    if os.environ.setdefault("SIM", SIMULATOR) != SIMULATOR:
        raise InputError(f"coverage is counted by {SIMULATOR}", "SIM", "leave it out")
    test, simulator, testplan = os.environ.get("TEST", ""), toolchain.describe(SIMULATOR), plan.load()
    left_out, excuses = exclusions.load(), exclusions.shortfalls()
    benches = regress.collected(test, root)
    if not test:
        measured = set(plan.nodes(testplan, [node for node, _ in benches]))
        benches = [(node, once) for node, once in benches if node in measured]
    runs = regress.matrix(benches, range(first, first + seeds))
    console, begun = Console(), time.perf_counter()
    target = root / "build" / "results" / "coverage.json"
    if not test:
        for name in (target.name, *coverage_export.NAMES):
            target.with_name(name).unlink(missing_ok=True)
    console.print(f"{len(runs)} runs, {seeds} seeds from {first}, {simulator}", highlight=False, soft_wrap=True)
    with tempfile.TemporaryDirectory(prefix="coverage-", dir=_folder(root)) as name:
        folder = Path(name)
        with connected(os.environ.get("CLUSTER", "")) as client:
            results = regress.performed(client, runs, root, console, COVERAGE_DIR=name)
        failed = [result for result in results if result.problem]
        left = [file for file in folder.rglob("code.dat") if file.stat().st_size or not failed]  # a run may have died
        counts = code.merged(left, HDL)
        assert counts, "no run left coverage"
        hits = functional.merged(folder.rglob("functional.yml"), folder / "merged.yml")
        points = (folder / "merged.yml").read_text(encoding="utf-8")
    excluded, stale = exclusions.applied(left_out, counts, HDL)
    reached = code.Code(counts, excluded)
    figures = {
        "test": test,
        "first_seed": first,
        "seeds": seeds,
        "simulator": simulator,
        "runs": len(runs),
        "failed": len(failed),
        "seconds": time.perf_counter() - begun,
        **coverage_report.figures(reached, hits, testplan, excuses),
        "exclusions": len(left_out),
    }
    figures["problems"] = [*map(_told, failed), *([] if test else stale + coverage_report.problems(figures))]
    coverage_report.show(console, figures)
    if not test:
        coverage_export.leave(target.parent, reached, points)
        command.write(target, figures)
        console.print(f"results: {target}", soft_wrap=True)
    return int(bool(figures["problems"]))


def _folder(root: Path) -> Path:
    """The folder of what is built, which every worker sees."""
    (root / "build").mkdir(exist_ok=True)
    return root / "build"


def _told(result: Result) -> str:
    return f"failed: {result.run}: {result.divergence}; replay: {result.replay}"


if __name__ == "__main__":
    sys.exit(main())
