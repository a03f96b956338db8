# SPDX-License-Identifier: Apache-2.0
"""``make bench``: the speed of simulation and golden model, beside llama.cpp on the same cores, in one run."""

import os
import sys
import time

from rich.console import Console
from rich.table import Table

from models.checkpoint.checkpoint import Checkpoint
from models.checkpoint.tokenizer import Tokenizer
from models.errors import InputError
from models.golden import chip as golden
from scripts.ask.figures import summarise
from scripts.cli import die as geometry
from scripts.cli import tables
from scripts.cli.command import again, command
from scripts.cli.files import RESULTS, write
from scripts.cli.model import load_model
from scripts.cli.parameters import DIE, MODEL, PROMPT, TOKENS
from tb.chip.job import BuiltChip
from tb.oracle.conversation import Conversation
from tb.rig import toolchain


@command("bench", PROMPT, TOKENS, MODEL, DIE)
def main(*, prompt: str, tokens: int, model: str, die: str) -> int:
    """Measure the speed of simulation, golden model and llama.cpp; leave build/results/bench.json."""
    if tokens < 2:
        raise InputError("the time between tokens is measured, and one has none", "TOKENS", "give 2 or more")
    toolchain.require("verilator")
    fields = geometry.fields(die)
    ckpt = load_model(model)
    ids = Tokenizer.from_checkpoint(ckpt).chat([{"role": "user", "content": prompt}])
    figures = measure_simulation(ckpt, ids, tokens, fields)
    figures |= {"golden_tokens_per_second": measure_golden(ckpt, ids, tokens)}
    peer = measure_llama(ckpt.path, ids, tokens)
    figures |= {"llama_cpp_tokens_per_second": peer}
    figures |= {"llama_cpp_over_simulation": peer / figures["decode_tokens_per_second"]}
    write(RESULTS / "bench.json", figures)
    show(figures)
    return 0


def measure_simulation(ckpt: Checkpoint, ids: list[int], tokens: int, fields: dict) -> dict:
    """The figures of the RTL answering, every stage checked, with the golden model beside it on the other core."""
    die = BuiltChip.of(ckpt, **{"rank": 0} | fields)
    begun = time.perf_counter()
    report = die.run(
        [Conversation(0, ids, tokens)],
        [],
        simulator="verilator",
        test="one_after_another",
        hold_cycles=True,
        echo="answering",
        replay=again(),
    )
    total = time.perf_counter() - begun
    figures = summarise(ckpt, "verilator", "rom", report, total - report["seconds"], total)
    return figures | {"start_seconds": figures["build_seconds"] - report["record"].build_seconds}


def measure_golden(ckpt: Checkpoint, ids: list[int], tokens: int) -> float:
    """Measure tokens/s of the golden model alone, decoding."""
    model = golden.Chip(ckpt, BuiltChip.of(ckpt, rank=0).die)
    step = model.run(0, ids)[-1]
    begun = time.perf_counter()
    for _ in range(tokens):
        step = model.run(0, [step.token_out])[-1]
    return tokens / (time.perf_counter() - begun)


def measure_llama(path: str, ids: list[int], tokens: int) -> float:
    """Measure tokens/s of llama.cpp, decoding on all cores. InputError without it."""
    try:
        import xllamacpp
    except ImportError as missing:
        hint = "run `make bench`, which installs it"
        raise InputError(f"llama.cpp is missing ({missing})", "Python packages", hint) from None
    settings = xllamacpp.CommonParams()
    settings.model.path = path
    settings.n_ctx = 512
    settings.n_parallel = 1
    settings.cpuparams.n_threads = os.cpu_count()
    settings.verbosity = -1
    server = xllamacpp.Server(settings)
    request = {"prompt": ids, "n_predict": tokens, "temperature": 0, "ignore_eos": True, "cache_prompt": False}
    return server.handle_completions(request)["timings"]["predicted_per_second"]


def show(figures: dict) -> None:
    """Print the table of a bench."""
    view = figures["view"].upper()
    table = Table(show_header=False, title=f"{figures['model']}, {figures['simulator']}, {view} view")
    for name, value in (
        ("simulation, decode, one user", f"{figures['decode_tokens_per_second']:.2f} tokens/s"),
        ("simulation with prefill", f"{figures['tokens_per_second']:.2f} tokens/s"),
        ("simulated MACs", f"{figures['macs_per_second'] / 1e6:,.0f} million/s"),
        ("cycles a token", f"{figures['cycles_per_token']:,.0f}"),
        ("values compared", f"{figures['values_compared']:,}, {figures['mismatches']} mismatches"),
        ("build and start", f"{figures['build_seconds']:.0f} s"),
        ("start of what is built", f"{figures['start_seconds']:.1f} s"),
        ("peak memory, simulator and golden model", f"{figures['peak_memory_bytes'] / 2**30:.2f} GiB"),
        ("golden model alone, decode", f"{figures['golden_tokens_per_second']:.2f} tokens/s"),
        ("llama.cpp, decode", f"{figures['llama_cpp_tokens_per_second']:.1f} tokens/s"),
        ("llama.cpp over simulation", f"{figures['llama_cpp_over_simulation']:.0f} x"),
    ):
        table.add_row(name, value)
    tables.show(Console(), table)


if __name__ == "__main__":
    sys.exit(main(argv=sys.argv[1:]))
