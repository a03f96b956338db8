# SPDX-License-Identifier: Apache-2.0
"""``make soak``: a die of many slots and adapters answers random users until ANSWERS tokens are out, all of it checked.

Every value of every stage and every answer is held against the golden model; at the end nobody holds a slot or a bank.
"""

import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from scripts.cli import tables
from scripts.cli.command import again, command
from scripts.cli.files import RESULTS, write
from scripts.cli.model import load_model
from scripts.cli.parameters import ANSWERS, DEPTH, MODEL, SEED, SIM, USERS
from tb.cartridge import adapters
from tb.cartridge.flips import EXPOSED
from tb.chip.job import BuiltChip
from tb.rig import toolchain

BANKS = 4
POLL = 100  # clocks: fewer than a token takes, so that an answer is stopped in time
STOPS = 4  # tokens that end an answer, spread over the vocabulary

FIGURES = (
    "answered", "tokens_through_layers", "values_compared", "mismatches", "cycles", "seconds", "peak_memory_bytes",
    "counters", "flags", "deeds", "layers_busy",
)  # fmt: skip


@command("soak", ANSWERS, MODEL, USERS, DEPTH, SIM, SEED)
def main(*, answers: int, model: str, users: int, depth: int, sim: str, seed: int) -> int:
    """Build the die, let users come and go, report."""
    simulator = sim or "verilator"
    toolchain.require(simulator)
    ckpt = load_model(model)
    chip = BuiltChip.of(ckpt, kv_depth=depth, slots=users, adapters=BANKS, rank=2)
    console = Console()
    console.print(f"{Path(ckpt.path).name}, {users} slots, {toolchain.describe(simulator)}, ROM view, seed {seed}")
    with tempfile.TemporaryDirectory() as folder:
        resident = [str(adapters.random(chip, bank, Path(folder, f"{bank}.npz"))) for bank in range(BANKS)]
        report = chip.run(
            [],
            list(range(0, ckpt.shape.vocab, -(-ckpt.shape.vocab // STOPS))),
            simulator=simulator,
            test="soaked",
            bench="cartridge",
            adapters=resident,
            poll=POLL,
            echo=f"{answers:,} tokens of answers",
            seed=seed,
            replay=again(),
            settings={"AIM": answers},
            exposed=EXPOSED,
        )
    figures = {name: report[name] for name in FIGURES} | {"conversations": len(report["conversations"]), "seed": seed}
    figures |= {"model": Path(ckpt.path).name, "simulator": toolchain.describe(simulator), "view": "rom"}
    figures |= {"slots": users, "banks": BANKS, "depth": depth}
    write(RESULTS / "soak.json", figures)
    show(console, figures)
    return 0


def show(console: Console, figures: dict) -> None:
    """Print the closing table."""
    table = Table(show_header=False, title=f"{figures['answered']:,} tokens of answers")
    for name, value in (
        ("conversations", f"{figures['conversations']:,}, each answer the golden model's"),
        ("tokens through all layers", f"{figures['tokens_through_layers']:,}"),
        ("values compared", f"{figures['values_compared']:,}, {figures['mismatches']} mismatches"),
        ("clocks", f"{figures['cycles']:,}, layers busy {100 * figures['layers_busy']:.0f} %"),
        ("hosts' deeds", ", ".join(f"{name} {count:,}" for name, count in figures["deeds"].items())),
        ("flags that stay", ", ".join(figures["flags"]) or "none"),
        ("simulation", f"{figures['tokens_through_layers'] / figures['seconds']:.0f} tokens/s, {figures['simulator']}"),
        ("memory", f"{figures['peak_memory_bytes'] / 2**30:.2f} GiB"),
    ):
        table.add_row(name, value)
    console.print()
    tables.show(console, table)


if __name__ == "__main__":
    sys.exit(main(argv=sys.argv[1:]))
