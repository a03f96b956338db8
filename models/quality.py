"""Quality of the golden model: perplexity and first choices beside the float reference, over English prose.

The text is "Alice's Adventures in Wonderland" (Lewis Carroll, 1865). It is cut into windows that fill the KV cache
once; each starts anew, and every token of a window but the first is predicted.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from models.checkpoint import checkpoint, fetch, prose
from models.checkpoint.tokenizer import Tokenizer
from models.die.shape import Die, cell_count
from models.errors import InputError
from models.golden.chip import Chip
from models.golden.fixed_point import FX_ONE
from models.mask.etch import die_for
from models.project import BUILD
from models.reference import Reference, surprise

TEXT = "alice29.txt"
MODELS = ("smollm2", "smollm2-3-6")  # the first is the reference too
WINDOW = 512  # tokens


def compare(reference: Reference, chips: Sequence[Chip], tokens: list[int], bos: list[int]) -> tuple[dict, list[dict]]:
    """Reference and golden models over ``tokens``, in windows of the chips' KV depth that each begin with ``bos`` (no
    token or one) -> positions and perplexity of the reference; perplexity and agreement of each chip.
    """
    window = chips[0].die.kv_depth - len(bos)
    expected, positions = 0.0, 0
    lost, same, busy = np.zeros((3, len(chips)))
    with tqdm(total=len(tokens), unit="token", desc="quality") as bar:
        for start in range(0, len(tokens), window):
            part = bos + tokens[start : start + window]
            targets = np.array(part[1:])
            wanted = reference.logits(part)[:-1]
            expected += surprise(wanted, targets).sum()
            positions += len(targets)
            for index, chip in enumerate(chips):
                chip.reset(0)
                begin = time.perf_counter()
                golden = chip.logits(0, part)[:-1]
                busy[index] += time.perf_counter() - begin
                lost[index] += surprise(golden / FX_ONE, targets).sum()
                same[index] += (golden.argmax(axis=-1) == wanted.argmax(axis=-1)).sum()
            bar.update(len(part) - len(bos))
    results = [
        {
            "perplexity": float(np.exp(lost[index] / positions)),
            "perplexity_change_percent": float(100 * np.expm1((lost[index] - expected) / positions)),
            "same_first_choice_percent": float(100 * same[index] / positions),
            "golden_prefill_tokens_per_second": float(len(tokens) / busy[index]),
        }
        for index in range(len(chips))
    ]
    return {"positions": positions, "perplexity_reference": float(np.exp(expected / positions))}, results


def main(argv: list[str] | None = None) -> int:
    """Command line: measure, print a table and write ``build/results/quality.json``."""
    parser = argparse.ArgumentParser(prog="python -m models.quality", description=__doc__.splitlines()[0])
    parser.add_argument("model", nargs="?", default="", help=f"a GGUF checkpoint (default: {' and '.join(MODELS)})")
    parser.add_argument("--tokens", type=int, default=2048, help="tokens of the text (default %(default)s)")
    parser.add_argument("--act-w", type=int, default=Die.act_w, help="activation mantissa bits (default %(default)s)")
    parser.add_argument("--kv-w", type=int, default=Die.kv_w, help="KV cache mantissa bits (default %(default)s)")
    args = parser.parse_args(argv)
    try:
        ckpts = [checkpoint.load(fetch.resolve(name)) for name in ([args.model] if args.model else MODELS)]
        tokenizer = Tokenizer.from_checkpoint(ckpts[0])
        tokens = tokenizer.encode(prose.text(TEXT))
        if not 2 <= args.tokens <= len(tokens):
            raise InputError(f"{args.tokens} tokens", "--tokens", f"the text has {len(tokens)}: ask for 2 to that many")
        dies = [die_for(ckpt, act_w=args.act_w, kv_w=args.kv_w, kv_depth=WINDOW) for ckpt in ckpts]
        chips = [Chip(ckpt, die, slots=1) for ckpt, die in zip(ckpts, dies, strict=True)]
        bos = [tokenizer.bos] if tokenizer.add_bos else []
        found, results = compare(Reference(ckpts[0]), chips, tokens[: args.tokens], bos)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    figures = {
        "text": f"{prose.PACKAGE}: {prose.MEMBERS}/{TEXT}",
        "tokens": args.tokens,
        "window": WINDOW,
        "act_w": args.act_w,
        "kv_w": args.kv_w,
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
    path = BUILD / "results" / "quality.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(figures, indent=2) + "\n")
    dies = figures.pop("dies")
    for name, value in (item for figures in (figures, *dies) for item in figures.items()):
        print(f"{name.replace('_', ' '):34} {round(value, 4) if isinstance(value, float) else value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
