# SPDX-License-Identifier: Apache-2.0
"""``make quality``: perplexity and first choices of the golden model beside the float reference, over English prose.

The text is "Alice's Adventures in Wonderland" (Lewis Carroll, 1865).
"""

import sys
from pathlib import Path

from models.checkpoint import prose
from models.checkpoint.tokenizer import Tokenizer
from models.die.shape import cell_count
from models.errors import InputError
from models.golden.chip import Chip
from models.mask.etch import die_for
from models.quality import compare
from models.reference import Reference
from scripts.cli.command import command
from scripts.cli.files import RESULTS, write
from scripts.cli.model import load_model
from scripts.cli.parameters import ACT_W, KV_W, MODEL, TOKENS

TEXT = "alice29.txt"
MODELS = ("smollm2", "smollm2-3-6")  # the first is the reference too
WINDOW = 512  # tokens


@command("quality", MODEL, TOKENS, ACT_W, KV_W)
def main(*, model: str, tokens: int, act_w: int, kv_w: int) -> int:
    """Measure one model, or both of MODELS; print a table and leave build/results/quality.json."""
    ckpts = [load_model(name) for name in ([model] if model else MODELS)]
    tokenizer = Tokenizer.from_checkpoint(ckpts[0])
    ids = tokenizer.encode(prose.text(TEXT))
    if not 2 <= tokens <= len(ids):
        raise InputError(f"{tokens} tokens", "TOKENS", f"the text has {len(ids)}: ask for 2 to that many")
    dies = [die_for(ckpt, act_w=act_w, kv_w=kv_w, kv_depth=WINDOW) for ckpt in ckpts]
    chips = [Chip(ckpt, die, slots=1) for ckpt, die in zip(ckpts, dies, strict=True)]
    bos = [tokenizer.bos] if tokenizer.add_bos else []
    found, results = compare(Reference(ckpts[0]), chips, ids[:tokens], bos)
    figures = {
        "text": f"{prose.PACKAGE}: {prose.MEMBERS}/{TEXT}",
        "tokens": tokens,
        "window": WINDOW,
        "act_w": act_w,
        "kv_w": kv_w,
        "reference": f"float32, {Path(ckpts[0].path).name}",
        **found,
        "dies": [
            {
                "model": Path(ckpt.path).name,
                "cell_bits": die.cell_bits,
                "cells": cell_count(ckpt.shape, die),
                **result,
            }
            for ckpt, die, result in zip(ckpts, dies, results, strict=True)
        ],
    }
    write(RESULTS / "quality.json", figures)
    dies = figures.pop("dies")
    for name, value in (item for figures in (figures, *dies) for item in figures.items()):
        print(f"{name.replace('_', ' '):34} {round(value, 4) if isinstance(value, float) else value}")
    return 0


if __name__ == "__main__":
    sys.exit(main(argv=sys.argv[1:]))
