# SPDX-License-Identifier: Apache-2.0
"""``make users``: several users at once on one die, every stage of every layer checked, and a picture of who is where.

Every answer equals the golden model's, which runs each conversation by itself: what a user gets alone.
"""

import sys
import time
from itertools import pairwise
from pathlib import Path
from statistics import mean

import numpy as np
from rich.console import Console
from rich.table import Table

from models.checkpoint.tokenizer import Tokenizer
from scripts.cli import die as geometry
from scripts.cli import tables
from scripts.cli.command import again, command
from scripts.cli.files import RESULTS, write
from scripts.cli.model import load_model
from scripts.cli.parameters import DEPTH, DIE, MODEL, SEED, TOKENS, USERS
from tb.cartridge.occupancy import Stay, busy, draw, stays
from tb.chip.job import BuiltChip
from tb.oracle.conversation import Conversation
from tb.rig import toolchain

QUESTIONS = (
    "What is the capital of France?",
    "Name three primary colours.",
    "What is 7 times 8?",
    "Write a short poem about the sea.",
    "Who wrote Romeo and Juliet?",
    "What do bees make?",
    "How many days are in a week?",
    "What is the opposite of hot?",
)


@command("users", USERS, TOKENS, MODEL, DEPTH, SEED, DIE)
def main(*, users: int, tokens: int, model: str, depth: int, seed: int, die: str) -> int:
    """Build a die of as many slots, simulate, draw who is where, report."""
    toolchain.require("verilator")
    fields = geometry.fields(die)
    ckpt = load_model(model)
    tokenizer = Tokenizer.from_checkpoint(ckpt)
    questions = [QUESTIONS[user % len(QUESTIONS)] for user in range(users)]
    prompts = [tokenizer.chat([{"role": "user", "content": question}]) for question in questions]
    talks = [Conversation(user, prompt, tokens) for user, prompt in enumerate(prompts)]
    chip = BuiltChip.of(ckpt, **{"kv_depth": depth, "slots": users, "rank": 0} | fields)
    console = Console()
    console.print(
        f"{Path(ckpt.path).name}, {users} users, {toolchain.describe('verilator')}, ROM view", highlight=False
    )
    log = RESULTS.parent / "occupancy.txt"
    log.parent.mkdir(parents=True, exist_ok=True)
    begun = time.perf_counter()
    report = chip.run(
        talks,
        sorted(tokenizer.stop_ids),
        simulator="verilator",
        test="together",
        bench="cartridge",
        echo=f"{users} conversations at once",
        seed=seed,
        replay=again(),
        plusargs=(f"+occupancy={log}",),
    )
    seen = stays(log)
    figures = summarise(chip, report, seen) | {
        "model": Path(ckpt.path).name,
        "simulator": toolchain.describe("verilator"),
        "view": "rom",
        "seconds": time.perf_counter() - begun,
        "answers": [tokenizer.decode(talk["answer"]) for talk in report["conversations"]],
    }
    write(RESULTS / "users.json", figures)
    draw(seen, ckpt.shape.layers, RESULTS / "users.svg")
    show(console, questions, figures)
    return 0


def summarise(chip: BuiltChip, report: dict, seen: list[Stay]) -> dict:
    """The figures of a run of many users: aggregate and for one user, apart."""
    by_user: dict[int, list[int]] = {}
    for _, cycle, _, index, _ in report["arrivals"]:
        by_user.setdefault(index, []).append(cycle)
    gaps = [after - before for cycles in by_user.values() for before, after in pairwise(cycles)]
    positions = [pos for _, _, pos, _, _ in report["arrivals"]]
    through = report["tokens_through_layers"]
    answers = sum(len(cycles) for cycles in by_user.values())
    begin = min(stay.begin for stay in seen)
    span = max(stay.end for stay in seen) - begin
    return {
        "users": len(by_user),
        "tokens_through_layers": through,
        "answer_tokens": answers,
        "values_compared": report["values_compared"],
        "mismatches": report["mismatches"],
        "cycles": report["cycles"],
        "cycles_a_token_aggregate": span / through,
        "cycles_a_token_one_user": mean(gaps) if gaps else None,
        "cycles_a_token_alone": float(np.mean([chip.cycles.token(pos) for pos in positions])),
        "cycles_of_the_busiest_part": chip.cycles.interval(max(positions)),
        "layers_busy": busy(seen, chip.ckpt.shape.layers, begin, begin + span),
        "simulated_tokens_per_second": through / report["seconds"],
    }


def show(console: Console, questions: list[str], figures: dict) -> None:
    """Print questions, answers and the closing table."""
    for question, answer in zip(questions, figures["answers"], strict=True):
        console.print(f"\n> {question}\n{answer}", markup=False, highlight=False)
    table = Table(show_header=False, title=f"{figures['users']} users on one die")
    alone, shared = figures["cycles_a_token_alone"], figures["cycles_a_token_one_user"]
    for name, value in (
        ("tokens", f"{figures['tokens_through_layers']}, {figures['answer_tokens']} of them answers"),
        ("values compared", f"{figures['values_compared']:,}, {figures['mismatches']} mismatches"),
        ("cycles a token, aggregate", f"{figures['cycles_a_token_aggregate']:,.0f} (prefill too)"),
        ("cycles a token, one of the users", f"{shared:,.0f}" if shared else "-"),
        ("cycles a token, a user alone", f"{alone:,.0f} (cycle model)"),
        ("layers busy", f"{100 * figures['layers_busy']:.0f} %"),
        ("simulation", f"{figures['simulated_tokens_per_second']:.2f} tokens/s in aggregate, {figures['simulator']}"),
        ("picture", "build/results/users.svg"),
    ):
        table.add_row(name, value)
    console.print()
    tables.show(console, table)


if __name__ == "__main__":
    sys.exit(main(argv=sys.argv[1:]))
