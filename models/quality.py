# SPDX-License-Identifier: Apache-2.0
"""Quality of the golden model: perplexity and first choices beside the float reference, over a text.

The text is cut into windows that fill the KV cache once; each starts anew, and every token of a window but the first is
predicted.
"""

import time
from collections.abc import Sequence

import numpy as np
from tqdm import tqdm

from models.golden.chip import Chip
from models.golden.fixed_point import FX_ONE
from models.reference import Reference, surprise


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
