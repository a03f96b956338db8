# SPDX-License-Identifier: Apache-2.0
"""``make formal``: the proofs of tb/evidence/formal/tasks.toml, two at a time; TASK=name does one, or a family."""

import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from models.project import BUILD, HDL
from scripts.cli.command import command
from scripts.cli.files import RESULTS, write
from scripts.cli.parameters import TASK
from tb.evidence.formal import proof
from tb.evidence.formal.proof import ProofResult, Task

PROOFS = BUILD / "formal"
WORKERS = 2


@command("formal", TASK)
def main(hdl: Path = HDL, folder: Path = RESULTS, *, task: str) -> int:
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
    results = prove_all(tasks, hdl, console)
    write(folder / "formal.json", figures(results, versions))
    show(console, results)
    return int(any(result.problem for result in results))


def prove_all(tasks: list[Task], hdl: Path, console: Console) -> list[ProofResult]:
    """Prove all tasks; gives their results in their order, failures told as they come."""
    columns = BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    results = {}
    with Progress(*columns, console=console) as progress, ThreadPoolExecutor(WORKERS) as pool:
        bar = progress.add_task("", total=len(tasks))
        futures = [pool.submit(proof.prove, task, PROOFS, hdl) for task in tasks]
        try:
            for future in as_completed(futures):
                result = future.result()
                results[result.task.name] = result
                if result.problem:
                    tell(console, result)
                progress.update(bar, advance=1, description=result.task.name)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return [results[task.name] for task in tasks]


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
        table.add_column(column, overflow="fold", justify="right" if column == "seconds" else "left")
    for result in results:
        task = result.task
        how = f"all of {task.depth} clocks" if task.mode == "bmc" else f"induction, {task.depth}"
        status = "[red]FAILED[/]" if result.problem else "proved"
        table.add_row(task.name, task.proves, how, result.refuted, f"{result.seconds:.0f}", status)
    console.print(table)


if __name__ == "__main__":
    sys.exit(main(argv=sys.argv[1:]))
