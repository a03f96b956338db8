# SPDX-License-Identifier: Apache-2.0
"""``make regress``: every bench of tb/ with several seeds on both simulators, in parallel, a process a run.

Dask distributes the runs, and starts those of a worker that died anew on another. A failed run is done once more with
waves.
"""

import shutil
import sys
import time
from pathlib import Path

from rich.console import Console

from models.project import ROOT
from scripts.campaign import regress_report
from scripts.campaign.benches import collect_benches, list_runs
from scripts.campaign.cluster import connected
from scripts.campaign.execute import run_campaign
from scripts.cli.command import command
from scripts.cli.parameters import CLUSTER, SEED, SEEDS, SIM, TEST, seeds_from
from tb.rig import toolchain

SIMULATORS = ("verilator", "icarus")


@command("regress", SEEDS, SEED, SIM, TEST, CLUSTER)
def main(root: Path = ROOT, *, seeds: int, seed: int, sim: str, test: str, cluster: str) -> int:
    """Run the benches of ``root``/tb, print, and leave regress.json and regress.xml in ``root``/build/results.

    Returns:
        0 if all runs passed, else 1.
    """
    chosen = seeds_from(seed, seeds)
    versions = {simulator: toolchain.describe(simulator) for simulator in ([sim] if sim else SIMULATORS)}
    runs = list_runs(collect_benches(test, root, SIM=sim), chosen)
    folder = root / "build" / "results"
    console = Console()
    where = cluster or "this machine"
    with connected(cluster) as client:
        _forget(folder)
        console.print(f"{len(runs)} runs on {where}, {seeds} seeds from {seed}", highlight=False, soft_wrap=True)
        begun = time.perf_counter()
        results = run_campaign(client, runs, root, console, SIM=sim)
        seconds = time.perf_counter() - begun
        workers = f"{len(client.scheduler_info(n_workers=-1)['workers'])} workers on {where}"
    for simulator in {name for result in results for name in result.simulators} - set(versions):
        versions[simulator] = toolchain.describe(simulator)  # of benches that choose their simulator themselves
    figures = regress_report.figures(results, chosen, versions, workers, seconds)
    regress_report.leave(folder, results, figures)
    regress_report.show(console, results, figures)
    console.print(f"results: {folder / 'regress.json'}, regress.xml beside it, logs in regress/", soft_wrap=True)
    return int(figures["failed"] > 0)


def _forget(folder: Path) -> None:
    """Remove the results of the last regression, so that none are there if this one is stopped."""
    for name in ("regress.json", "regress.xml"):
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(folder / "regress", ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(argv=sys.argv[1:]))
