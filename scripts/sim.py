"""``make sim``: a model answers from RTL simulation, every stage of every layer held against the golden model.

Parameters come from the environment: PROMPT, TOKENS, MODEL, SIM, SEED, DEPTH, VIEW, LORA (a PEFT folder).
With TEST=name it runs that bench instead.
"""

import os
import shlex
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from models.checkpoint import checkpoint, fetch
from models.checkpoint.checkpoint import Checkpoint
from models.checkpoint.tokenizer import Tokenizer
from models.die.shape import MATRICES
from models.die.sv_package import VIEWS
from models.errors import InputError
from models.mask.audit import audit
from scripts.command import RESULTS, SEED_MAX, chosen, guarded, no_bench, number, write
from tb.chip.job import Chip
from tb.oracle.conversation import Conversation
from tb.rig import toolchain

PROMPT = "What is the capital of France?"
SMALL = 2_000_000  # weights: above, an interpreting simulator takes hours a token


def main() -> int:
    """Run what the environment asks for; gives the exit status."""
    return guarded(lambda: run_test(os.environ["TEST"]) if os.environ.get("TEST") else answer())


def answer() -> int:
    """The main job: etch, build, simulate, report."""
    started = time.perf_counter()
    question = asked()
    ckpt, tokenizer, simulator = question.ckpt, question.tokenizer, question.simulator
    chip = question.chip()
    shape = ckpt.shape
    name, work = Path(ckpt.path).name, macs(ckpt, head=True)
    print(f"{name}: {shape.layers} layers, width {shape.d_model}, {work:,} MACs a token")
    print(f"building for {toolchain.describe(simulator)}, {question.view} view", flush=True)
    begun = time.perf_counter()
    try:
        report = chip.run(
            [question.talk],
            sorted(tokenizer.stop_ids),
            simulator=simulator,
            test="one_after_another",
            echo=f"> {question.prompt}",
            seed=question.seed,
            replay=replay(),
            adapters=question.adapters,
        )
    except AssertionError as failure:
        raise AssertionError("\n".join([str(failure), *audited(chip)])) from None
    if faults := audited(chip):
        raise AssertionError("\n".join(faults))
    ended = time.perf_counter()
    figures = summary(ckpt, simulator, question.view, report, ended - begun - report["seconds"], ended - started)
    figures |= {"prompt": question.prompt, "text": tokenizer.decode(report["conversations"][0]["answer"])}
    write(RESULTS / "sim.json", figures)
    show(figures)
    return 0


@dataclass(frozen=True)
class Question:
    """What the environment asks of a model."""

    ckpt: Checkpoint
    tokenizer: Tokenizer
    prompt: str
    talk: Conversation
    depth: int
    seed: int
    simulator: str
    view: str
    adapters: list[str]

    def chip(self) -> Chip:
        """The chip, etched."""
        return Chip.of(self.ckpt, view=self.view, kv_depth=self.depth)


def asked() -> Question:
    """What the environment asks for, nothing etched yet. InputError if it cannot be had."""
    prompt = os.environ.get("PROMPT") or PROMPT
    tokens = number("TOKENS", 64, 1, 65535)
    depth = number("DEPTH", 512, 2, 65535)
    seed = number("SEED", 1, 0, SEED_MAX)
    simulator = os.environ.get("SIM") or "verilator"
    toolchain.require(simulator)
    view = asked_view(simulator)
    ckpt = checkpoint.load(fetch.resolve(os.environ.get("MODEL", "")))
    tokenizer = Tokenizer.from_checkpoint(ckpt)
    if simulator == "icarus" and macs(ckpt, head=True) > SMALL:
        what = f"Icarus interprets, and this model has {macs(ckpt, head=True):,} weights"
        raise InputError(what, "SIM", "use SIM=verilator, or SIM=icarus with MODEL=tiny")
    if view != "rom" and macs(ckpt, head=True) > SMALL:
        what = f"the {view} view models each cell, and this model has {macs(ckpt, head=True):,} weights"
        raise InputError(what, "VIEW", "use VIEW=rom, or another view with MODEL=tiny")
    ids = tokenizer.chat([{"role": "user", "content": prompt}])
    if len(ids) > depth:
        what = f"the prompt has {len(ids)} tokens, the KV cache holds {depth}"
        raise InputError(what, "PROMPT", "shorten it or set DEPTH higher")
    adapters = [os.environ["LORA"]] if os.environ.get("LORA") else []
    talk = Conversation(0, ids, tokens, adapter=len(adapters))
    return Question(ckpt, tokenizer, prompt, talk, depth, seed, simulator, view, adapters)


def asked_view(simulator: str) -> str:
    """How cell arrays are modelled. InputError if the simulator cannot."""
    view = os.environ.get("VIEW") or "rom"
    if view not in VIEWS:
        raise InputError(f"unknown view {view!r}", "VIEW", f"choose one of {', '.join(VIEWS)}")
    if (view, simulator) == ("switch", "verilator"):
        raise InputError("Verilator has no transistors for the switch view", "VIEW", "use SIM=icarus")
    return view


def replay() -> str:
    """The command that does this run again, with waves of what went wrong."""
    names = ("PROMPT", "TOKENS", "MODEL", "SIM", "SEED", "DEPTH", "VIEW", "LORA")
    given = [f"{name}={shlex.quote(os.environ[name])}" for name in names if os.environ.get(name)]
    return " ".join(["make waves", *given])


def audited(chip: Chip) -> list[str]:
    """What the audit of the chip's mask finds, and how to get a new mask."""
    faults = audit(chip.ckpt, chip.die, chip.mask)
    return [*faults, f"remove {chip.mask} to etch the mask anew"] if faults else []


def summary(ckpt: Checkpoint, simulator: str, view: str, report: dict, build_s: float, total_s: float) -> dict:
    """The figures of a run of one conversation, under the names of build/results/sim.json."""
    talk, arrivals = report["conversations"][0], report["arrivals"]
    answered = len(talk["answer"])
    decode_s = arrivals[-1][0] - arrivals[0][0]
    work = report["tokens_through_layers"] * macs(ckpt, head=False) + answered * (macs(ckpt, True) - macs(ckpt, False))
    return {
        "model": Path(ckpt.path).name,
        "checkpoint_sha256": ckpt.sha256,
        "simulator": toolchain.describe(simulator),
        "view": view,
        "answer_tokens": answered,
        "end": talk["end"],
        "tokens_through_layers": report["tokens_through_layers"],
        "layers": ckpt.shape.layers,
        "stages_compared": report["stages_compared"],
        "values_compared": report["values_compared"],
        "mismatches": report["mismatches"],
        "cycles": report["cycles"],
        "cycles_per_token": (arrivals[-1][1] - arrivals[0][1]) / (answered - 1) if answered > 1 else None,
        "decode_tokens_per_second": (answered - 1) / decode_s if answered > 1 else None,
        "simulation_seconds": report["seconds"],
        "tokens_per_second": report["tokens_through_layers"] / report["seconds"],
        "macs_per_second": work / report["seconds"],
        "build_seconds": build_s,
        "peak_memory_bytes": report["peak_memory_bytes"],
        "total_seconds": total_s,
    }


def show(figures: dict) -> None:
    """The closing table."""
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
        ("simulator", f"{figures['simulator']}, {figures['view']} view"),
        ("time", f"{figures['total_seconds']:.0f} s in all, {figures['build_seconds']:.0f} s of it build"),
    ):
        table.add_row(name, value)
    print()
    Console().print(table)


def macs(ckpt: Checkpoint, head: bool) -> int:
    """Multiply-accumulates of a token through all layers, and through the head too if ``head``."""
    sizes = {name: ckpt.shape.matrix_size(name) for name in MATRICES}
    layers = ckpt.shape.layers * sum(k * n for name, (k, n) in sizes.items() if name != "head")
    return layers + (ckpt.shape.d_model * ckpt.shape.vocab if head else 0)


def run_test(test: str) -> int:
    """Run one bench: a pytest node (tb/matrix/test_matrix.py::...), a folder of tb/, or part of a test's name."""
    import pytest

    number("SEED", 1, 0, SEED_MAX)
    if os.environ.get("SIM"):
        toolchain.require(os.environ["SIM"])
    code = pytest.main([*chosen(test), "-s", "-p", "no:xdist"])
    if code in (pytest.ExitCode.NO_TESTS_COLLECTED, pytest.ExitCode.USAGE_ERROR):
        raise no_bench(test)
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
