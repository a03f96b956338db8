# SPDX-License-Identifier: Apache-2.0
"""``make chat``: a conversation with a model in RTL simulation, through the die's host port, every stage checked.

LORA is PEFT folders with commas between them, which ``/lora NAME`` chooses by the folder's name.
"""

import sys
from pathlib import Path

from models.adapter import rank_for
from models.checkpoint.tokenizer import Tokenizer
from models.errors import InputError
from scripts.cli import terminal
from scripts.cli.command import again, command
from scripts.cli.files import RESULTS, write
from scripts.cli.model import load_model
from scripts.cli.parameters import DEPTH, LORA, MODEL, RANK, SEED, TOKENS
from tb.chip.job import BuiltChip
from tb.rig import toolchain


@command("chat", TOKENS, MODEL, DEPTH, SEED, LORA, RANK)
def main(*, tokens: int, model: str, depth: int, seed: int, lora: str, rank: int | None) -> int:
    """Build the die, hand the terminal to the simulation, report."""
    toolchain.require("verilator")
    ckpt = load_model(model)
    tokenizer = Tokenizer.from_checkpoint(ckpt)
    adapters = [path for path in lora.split(",") if path]
    names = [Path(path).stem for path in adapters]
    if len({*names, "none"}) <= len(names):
        raise InputError("two adapters have one name, or one is named none", "LORA", "rename a folder")
    rank = rank_for(adapters, ckpt.shape) if rank is None else rank
    chip = BuiltChip.of(ckpt, kv_depth=depth, rank=rank)
    print(
        f"{Path(ckpt.path).name}: {ckpt.shape.layers} layers, {toolchain.describe('verilator')}, ROM view", flush=True
    )
    with terminal.alone():  # Ctrl-C is for the conversation
        report = chip.run(
            [],
            sorted(tokenizer.stop_ids),
            simulator="verilator",
            test="conversation",
            bench="cartridge",
            echo=" ",
            seed=seed,
            replay=again(),
            adapters=adapters,
            settings={"ADAPTERS": names, "ANSWER": tokens},
        )
    write(RESULTS / "chat.json", {name: value for name, value in report.items() if name != "record"})
    seen = f"{report['tokens_through_layers']} tokens through {ckpt.shape.layers} layers"
    print(f"{seen}, {report['values_compared']:,} values compared, {report['mismatches']} mismatches\ngoodbye")
    return 0


if __name__ == "__main__":
    sys.exit(main(argv=sys.argv[1:]))
