# SPDX-License-Identifier: Apache-2.0
"""``make formal``: the proofs of tb/evidence/formal/tasks.toml, two at a time; TASK=name does one, or a family."""

import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from models.project import BUILD, HDL
from scripts.campaign import tally
from scripts.campaign.tally import Tally
from scripts.cli import tables
from scripts.cli.command import command
from scripts.cli.files import RESULTS, write
from scripts.cli.parameters import JOBS, TASK
from tb.evidence.formal import proof
from tb.evidence.formal.proof import ProofResult, Task
from tb.rig import processes

PROOFS = BUILD / "formal"
WORKERS = 2
PAUSE_S = 0.1


@command("formal", TASK, JOBS)
def main(hdl: Path = HDL, folder: Path = RESULTS, *, task: str, jobs: int | None) -> int:
    """Prove what is asked for about the RTL in ``hdl``, print, and leave formal.json in ``folder``.

    Returns:
        0 if every task was proved, else 1.
    """
    tasks = proof.choose(proof.load(), task)
    proof.require()
    (folder / "formal.json").unlink(missing_ok=True)
    console = Console()
    versions = proof.versions()
    console.print(f"{len(tasks)} proofs, {versions}", highlight=False, soft_wrap=True)
    results: list[ProofResult] = []
    stopped = processes.interrupted(lambda: prove_all(tasks, hdl, console, results, jobs or WORKERS))
    results.sort(key=lambda result: tasks.index(result.task))
    write(folder / "formal.json", figures(results, versions))
    show(console, results)
    if stopped:
        console.print(f"{len(results)} of {len(tasks)} proofs done", highlight=False)
        raise stopped
    return int(any(result.problem for result in results))


def prove_all(tasks: list[Task], hdl: Path, console: Console, results: list[ProofResult], jobs: int) -> None:
    """Prove all tasks, so many at a time; adds to ``results`` as they end, failures told as they come."""
    count = Tally(len(tasks), jobs)
    with tally.shown(count, console) as step, ThreadPoolExecutor(jobs) as pool:
        futures = [pool.submit(proof.prove, task, PROOFS, hdl) for task in tasks]
        try:
            for future in as_completed(futures):
                result = future.result()
                results.append(result)
                count.passed += not result.problem
                count.failed += bool(result.problem)
                if result.problem:
                    tell(console, result)
                step()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            while any(future.running() for future in futures):  # of what one started, another may be to come
                processes.end_all()
                time.sleep(PAUSE_S)
            raise


def tell(console: Console, result: ProofResult) -> None:
    """Print a failure: what, where to look, and the command that does it again."""
    lines = [f"FAILED {result.task.name}: {result.problem}"]
    lines += [f"  assertion: {result.assertion}"] if result.assertion else []
    lines += [f"  trace: {result.trace}"] if result.trace else []
    lines += [f"  log: {result.log}", f"  again: {result.replay}"]
    console.print("\n".join(lines), style="red", markup=False, highlight=False, soft_wrap=True)


def figures(results: list[ProofResult], versions: str) -> dict:
    """The figures that formal.json holds."""
    failed = sum(bool(result.problem) for result in results)
    return {
        "tools": versions,
        "tasks": len(results),
        "proved": len(results) - failed,
        "failed": failed,
        "results": [
            asdict(result) | {"status": "failed" if result.problem else "proved", "replay": result.replay}
            for result in results
        ],
    }


def show(console: Console, results: list[ProofResult]) -> None:
    """Print the table."""
    table = Table(title="formal proofs")
    for column in ("task", "what is proved", "how", "a broken copy fails", "seconds", "result"):
        table.add_column(column, justify="right" if column == "seconds" else "left")
    for result in results:
        task = result.task
        how = f"all of {task.depth} clocks" if task.mode == "bmc" else f"induction, {task.depth}"
        status = "[red]FAILED[/]" if result.problem else "proved"
        table.add_row(task.name, task.proves, how, result.refuted, f"{result.seconds:.0f}", status)
    tables.show(console, table)


if __name__ == "__main__":
    sys.exit(main(argv=sys.argv[1:]))
