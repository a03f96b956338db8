# SPDX-License-Identifier: Apache-2.0
"""``make production``: the production test of a model's die, and which of COUNT defects, drawn by SEED, it sees.

The test goes through the host port alone: prompts, answers, signatures (docs/faults.md). What it sees is said at the
least, for only a part of its prompts is looked at. OUT is a file for the prompts.
"""

import sys
from pathlib import Path

from rich.console import Console
from tqdm import tqdm

from models.defects import production
from models.defects.defect import draw, effect
from models.defects.grade import Grade
from models.die.cycles import Cycles
from models.mask.etch import die_for
from scripts.campaign import grade_report
from scripts.cli.command import command
from scripts.cli.files import RESULTS, write, write_text
from scripts.cli.model import load_model
from scripts.cli.parameters import CLOCK, COUNT, DEPTH, MODEL, OUT, SEED

LEVELS = ("signature",)


@command("production", MODEL, DEPTH, COUNT, SEED, CLOCK, OUT)
def main(*, model: str, depth: int, count: int, seed: int, clock: float, out: str) -> int:
    """Draw defects, print what the test sees of them, and leave build/results/production.json."""
    ckpt = load_model(model)
    die = die_for(ckpt, kv_depth=depth, rank=0)
    coverage = production.Sweep(ckpt, die)
    prompts = coverage.prompts
    if out:
        write_text(Path(out), production.text(prompts))
    grades, named = [], 0
    for defect in tqdm(draw(ckpt, die, seed, count), "production", unit="defect", mininterval=10):
        what = effect(ckpt, die, defect)
        found = None if what else coverage.sees(defect)
        grades.append(Grade(defect, what, signature=found and found[1]))
        named += bool(found) and found[1] == production.behind(defect)
    clocks = production.clocks(Cycles.of(ckpt.shape, die), prompts)
    figures = {
        "model": Path(ckpt.path).name,
        "checkpoint_sha256": ckpt.sha256,
        "seed": seed,
        "depth": depth,
        "prompts": len(prompts),
        "tokens": sum(map(len, prompts)),
        "clocks": clocks,
        "named": named,
        **grade_report.figures(grades, ckpt.shape, die, LEVELS),
    }
    write(RESULTS / "production.json", figures)
    grade_report.show(Console(), figures, LEVELS)
    seen = sum(grade_report.seen(grade, "signature") for grade in grades)
    print(f"seed {seed}: {seen} seen, array and layer named right of {named}")
    time = f"about {clocks:,} clocks in silicon, {clocks / clock / 1e6:.1f} ms at {clock:g} GHz"
    print(f"{figures['prompts']} prompts, {figures['tokens']:,} tokens, {time}")
    return 0


if __name__ == "__main__":
    sys.exit(main(argv=sys.argv[1:]))
