# SPDX-License-Identifier: Apache-2.0
"""``make apart``: the layers of a model side by side, each simulated by itself against the golden model's frames.

The golden model runs the prompt first, alone, and says what every layer receives and gives. A layer's RTL that gives
the same for the same input, for every layer, gives what the chain of them gives, by induction; docs/large.md says
what only the chain shows. Parts that are done stay done: the same command goes on where it was stopped.
"""

import dataclasses
import hashlib
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from distributed import Client, as_completed
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from models.golden.chip import Step
from models.project import BUILD, ROOT
from scripts.ask import question
from scripts.campaign.cluster import connected
from scripts.cli import tables
from scripts.cli.command import again, command
from scripts.cli.files import RESULTS, write
from scripts.cli.parameters import CLUSTER
from tb.apart import frames
from tb.apart.part import REQUEST, Result, name_of, read_result, result_file
from tb.chip.job import BuiltChip
from tb.oracle.conversation import Job, Reply
from tb.rig import toolchain

DONE = "golden.json"  # in the folder of the frames: the golden model's answer, once all of them are there
SOURCES = ("hdl/*.sv*", "models/**/*.py", "tb/apart/*", "tb/oracle/*.py")  # of which results are


@command("apart", *question.PARAMETERS, CLUSTER)
def main(*, cluster: str, **asked: object) -> int:
    """Etch, ask the golden model, simulate every part; 0 if each gave what the golden model gives."""
    begun = time.perf_counter()
    what = question.ask(**asked)
    chip = what.chip(apart=True)
    job = Job(
        str(Path(what.ckpt.path).resolve()), chip.die, [what.talk], sorted(what.tokenizer.stop_ids), what.adapters
    )
    console = Console()
    folder = _folder(chip, job, what)
    reply = _golden(chip, job, folder, console)
    golden_s = time.perf_counter() - begun
    parts = frames.parts_of(what.ckpt.shape.layers)
    kept = [part for part in parts if (result := read_result(folder, part)) and not result.problem]
    if kept:
        console.print(
            f"{len(kept)} of {len(parts)} parts are done already, in {folder}", highlight=False, soft_wrap=True
        )
    with connected(cluster) as client:
        _simulate(client, [part for part in parts if part not in kept], folder, console)
    results = [read_result(folder, part) for part in parts]
    figures = {
        "model": Path(what.ckpt.path).name,
        "simulator": toolchain.describe(what.simulator),
        "view": what.view,
        "parts": len(parts),
        "answer_tokens": len(reply["tokens"]),
        "tokens_through_layers": len(what.talk.tokens) + len(reply["tokens"]) - 1,
        "stages_compared": sum(result.stages_compared for result in results),
        "values_compared": sum(result.values_compared for result in results),
        "failed": [name_of(result.part) for result in results if result.problem],
        "peak_memory_bytes_golden": reply["peak_memory_bytes"],
        "peak_memory_bytes_a_part": max(result.peak_memory_bytes for result in results),
        "simulation_seconds": sum(result.seconds for result in results),
        "golden_seconds": golden_s,
        "total_seconds": time.perf_counter() - begun,
        "text": what.tokenizer.decode(reply["tokens"]),
    }
    write(RESULTS / "apart.json", figures | {"results": [dataclasses.asdict(result) for result in results]})
    _show(console, figures, results)
    return int(bool(figures["failed"]))


def _folder(chip: BuiltChip, job: Job, what: question.Question) -> Path:
    """Where frames and results of this question to this chip are, with the request in it; another RTL has another."""
    text = json.dumps(
        {
            "job": dataclasses.asdict(job),
            "view": what.view,
            "simulator": what.simulator,
            "replay": again("apart", *question.PARAMETERS),
        }
    )
    key = hashlib.sha256(f"{text} {chip.mask}".encode())
    for pattern in SOURCES:
        for file in sorted(ROOT.glob(pattern)):
            if file.is_file():
                key.update(file.read_bytes())
    folder = BUILD / "apart" / f"{chip.name}-{key.hexdigest()[:12]}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / REQUEST).write_text(text, encoding="utf-8")
    return folder


def _golden(chip: BuiltChip, job: Job, folder: Path, console: Console) -> dict:
    """The golden model's answer, and its frames in the folder; those of a finished run are kept."""
    done = folder / DONE
    if not done.is_file():
        columns = TextColumn("golden model, {task.completed} tokens"), TimeElapsedColumn()
        with Progress(*columns, console=console) as progress:
            bar = progress.add_task("", total=None)
            for item in frames.write(job, chip.ckpt.shape.layers, folder):
                if isinstance(item, Step):
                    progress.update(bar, advance=1)
                elif isinstance(item, Reply):
                    reply = item
        peak = 1024 * resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss  # the golden model's, the largest so far
        found = {"tokens": reply.tokens, "end": reply.end.name, "peak_memory_bytes": peak}
        done.write_text(json.dumps(found), encoding="utf-8")
    return json.loads(done.read_text(encoding="utf-8"))


def _simulate(client: Client, parts: list[int], folder: Path, console: Console) -> None:
    """Have the cluster simulate these parts; each leaves its result."""
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("", total=len(parts))
        for result in _results(client, parts, folder):
            said = result.problem or f"{result.values_compared:,} values, no mismatch, {result.seconds:.0f} s"
            style = "red" if result.problem else ""
            line = f"{name_of(result.part)}: {said}"
            console.print(line, style=style, markup=False, highlight=False, soft_wrap=True)
            progress.update(bar, advance=1, description=name_of(result.part))


def _results(client: Client, parts: list[int], folder: Path) -> Iterator[Result]:
    """Results as they come. The cluster starts a part anew whose worker died; one that is lost for good says so."""
    request = str(folder / REQUEST)
    futures = {}
    for order, part in enumerate(parts):
        result_file(folder, part).unlink(missing_ok=True)
        call = [sys.executable, "-m", "tb.apart.part", request, str(part)]
        future = client.submit(
            subprocess.run, call, cwd=str(ROOT), capture_output=True, text=True, pure=False, priority=-order
        )
        futures[future] = part
    for future in as_completed(futures):
        part = futures[future]
        try:
            done = future.result()
            said = done.stderr.strip().splitlines()[-1:] or [f"status {done.returncode}"]
        except Exception as problem:  # all of its workers died, the scheduler died ...
            said = [f"{type(problem).__name__}: {' '.join(str(problem).split())}"]
        if (result := read_result(folder, part)) is None:
            result = Result(part, f"the part could not be simulated: {said[0]}")
            result.write(folder)
        yield result


def _show(console: Console, figures: dict, results: list[Result]) -> None:
    """Print the closing table."""
    table = Table(show_header=False, title="layers side by side")
    first = next((result for result in results if result.problem), None)
    for name, value in (
        ("text", figures["text"]),
        ("tokens", f"{figures['tokens_through_layers']}, {figures['answer_tokens']} of them answers"),
        ("parts", f"{figures['parts']}: every layer, and the head"),
        ("stages compared", f"{figures['stages_compared']:,}"),
        ("values compared", f"{figures['values_compared']:,}"),
        ("failed", ", ".join(figures["failed"]) or "none"),
        *((("first divergence", first.problem),) if first else ()),
        ("peak memory, golden model", f"{figures['peak_memory_bytes_golden'] / 2**30:.2f} GiB"),
        ("peak memory, a part", f"{figures['peak_memory_bytes_a_part'] / 2**30:.2f} GiB"),
        ("simulator", f"{figures['simulator']}, {figures['view']} view"),
        (
            "time",
            f"{figures['total_seconds']:.0f} s in all, {figures['golden_seconds']:.0f} s of it until the frames stood",
        ),
    ):
        table.add_row(name, value)
    console.print()
    tables.show(console, table)


if __name__ == "__main__":
    sys.exit(main(argv=sys.argv[1:]))
