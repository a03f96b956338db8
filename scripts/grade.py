# SPDX-License-Identifier: Apache-2.0
"""``make grade``: COUNT defects of a model's masks, drawn by SEED over all arrays, and what sees each (docs/faults.md).

The golden model grades them over one conversation. With CONFIRM=n the RTL then answers with n of each kind in its mask,
and must show first what was graded, to the last bit.
"""

import random
import sys
from collections import defaultdict
from pathlib import Path

from rich.console import Console
from tqdm import tqdm

from models.checkpoint.tokenizer import Tokenizer
from models.defects import defect
from models.defects.grade import Grade, Grader
from models.die.shape import check_tokens
from models.golden.chip import Chip
from models.mask.etch import die_for
from scripts.campaign import grade_report
from scripts.cli.command import command
from scripts.cli.files import RESULTS, write
from scripts.cli.model import load_model
from scripts.cli.parameters import CONFIRM, COUNT, DEPTH, MODEL, PROMPT, SEED, TOKENS
from tb.chip import defects
from tb.chip.job import BuiltChip
from tb.oracle.conversation import Conversation


@command("grade", MODEL, PROMPT, TOKENS, DEPTH, COUNT, SEED, CONFIRM)
def main(*, model: str, prompt: str, tokens: int, depth: int, count: int, seed: int, confirm: int) -> int:
    """Grade, print, and leave build/results/grade.json and grade.svg."""
    ckpt = load_model(model)
    tokenizer = Tokenizer.from_checkpoint(ckpt)
    stop, ids = sorted(tokenizer.stop_ids), tokenizer.chat([{"role": "user", "content": prompt}])
    die = die_for(ckpt, kv_depth=depth, rank=0)
    check_tokens(ckpt.shape, die, ids, "PROMPT")
    grader = Grader(ckpt, Chip(ckpt, die, slots=1), ids, tokens, stop)
    name = Path(ckpt.path).name
    print(
        f"{name}: {count} defects, seed {seed}; {len(ids)} tokens of prompt, {len(grader.answer)} of answer", flush=True
    )
    drawn = defect.draw(ckpt, die, seed, count)
    grades = [grader.grade(one) for one in tqdm(drawn, "grading", unit="defect", mininterval=10)]
    found = {
        "model": name,
        "checkpoint_sha256": ckpt.sha256,
        "seed": seed,
        "prompt": prompt,
        "prompt_tokens": len(ids),
        "answer": tokenizer.decode(grader.answer),
        "answer_tokens": len(grader.answer),
        "depth": depth,
        **grade_report.figures(grades, ckpt.shape, die),
    }
    sample = choose(grades, confirm, seed)
    if sample:
        chip, talk = BuiltChip.of(ckpt, kv_depth=depth, rank=0), Conversation(0, ids, len(grader.answer))
        for grade in sample:
            defects.confirm(chip, grade, talk, grader.answer, stop, simulator="verilator", echo="", seed=seed)
            print(f"confirmed by RTL: {grade.defect}: {grade.level}", flush=True)
    write(RESULTS / "grade.json", found | {"confirmed": len(sample)})
    grade_report.draw(grades, ckpt.shape, die, RESULTS / "grade.svg")
    grade_report.show(Console(), found)
    return 0


def choose(grades: list[Grade], count: int, seed: int) -> list[Grade]:
    """``count`` of each kind that have a grade, chosen by a seed."""
    kinds = defaultdict(list)
    for grade in grades:
        if not grade.effect:
            kinds[grade.defect.kind].append(grade)
    pick = random.Random(seed)
    return [grade for those in kinds.values() for grade in pick.sample(those, min(count, len(those)))]


if __name__ == "__main__":
    sys.exit(main(argv=sys.argv[1:]))
