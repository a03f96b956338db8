# SPDX-License-Identifier: Apache-2.0
"""``make sim``: a model answers from RTL simulation, every stage of every layer held against the golden model.

With TEST=name it runs that bench instead. The figures are left with the run and, until the next, in sim.json.
"""

import os
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from models.die.shape import macs
from models.mask.audit import audit
from scripts.ask import question
from scripts.ask.figures import summarise
from scripts.cli import benches, tables
from scripts.cli.command import command
from scripts.cli.files import RESULTS, write
from scripts.cli.parameters import TEST, WAVES
from tb.chip.job import BuiltChip
from tb.rig import toolchain


@command("sim", *question.PARAMETERS, TEST, WAVES)
def main(*, test: str, waves: str, **asked: object) -> int:
    """Answer from RTL, every stage checked."""
    os.environ["WAVES"] = waves
    return benches.run(test, asked["seed"], asked["sim"]) if test else answer(question.ask(**asked))


def answer(asked: question.Question) -> int:
    """Etch, build, simulate, report."""
    started = time.perf_counter()
    ckpt, simulator = asked.ckpt, asked.simulator
    chip = asked.chip()
    shape, name = ckpt.shape, Path(ckpt.path).name
    work = macs(shape, head=True)
    print(f"{name}: {shape.layers} layers, width {shape.d_model}, {work:,} MACs a token")
    print(f"building for {toolchain.describe(simulator)}, {asked.view} view", flush=True)
    begun = time.perf_counter()
    try:
        report = asked.simulate(chip)
    except AssertionError as failure:
        raise AssertionError("\n".join([str(failure), *audit_mask(chip)])) from None
    if faults := audit_mask(chip):
        raise AssertionError("\n".join(faults))
    ended = time.perf_counter()
    figures = summarise(ckpt, simulator, asked.view, report, ended - begun - report["seconds"], ended - started)
    text = asked.tokenizer.decode(report["conversations"][0]["answer"])
    figures |= {"prompt": asked.prompt, "text": text}
    for folder in (Path(report["record"].folder), RESULTS):  # the former is no other run's
        write(folder / "sim.json", figures)
    show(figures)
    return 0


def audit_mask(chip: BuiltChip) -> list[str]:
    """What the audit of the chip's mask finds, and how to get a new mask."""
    faults = audit(chip.ckpt, chip.die, chip.mask)
    return [*faults, f"remove {chip.mask} to etch the mask anew"] if faults else []


def show(figures: dict) -> None:
    """Print the closing table."""
    table = Table(show_header=False, title="answered from RTL")
    rate = figures["decode_tokens_per_second"]
    for name, value in (
        ("text", figures["text"]),
        ("ended by", figures["end"]),
        ("tokens", f"{figures['tokens_through_layers']}, {figures['answer_tokens']} of them answers"),
        ("layers", str(figures["layers"])),
        ("stages compared", f"{figures['stages_compared']:,}"),
        ("values compared", f"{figures['values_compared']:,}"),
        ("mismatches", str(figures["mismatches"])),
        ("mask", "every via and scale on file equals the checkpoint"),
        ("cycles a token", f"{figures['cycles_per_token']:,.0f} (decode, one user)" if rate else "-"),
        ("simulation, decode", f"{rate:.2f} tokens/s (one user)" if rate else "-"),
        ("simulation, prefill too", f"{figures['tokens_per_second']:.2f} tokens/s"),
        (
            "peak memory",
            f"{figures['peak_memory_bytes'] / 2**30:.2f} GiB, {figures['bytes_a_weight']:.1f} bytes a weight",
        ),
        ("simulator", f"{figures['simulator']}, {figures['view']} view"),
        ("time", f"{figures['total_seconds']:.0f} s in all, {figures['build_seconds']:.0f} s of it build"),
    ):
        table.add_row(name, value)
    print()
    tables.show(Console(), table)


if __name__ == "__main__":
    sys.exit(main(argv=sys.argv[1:]))
