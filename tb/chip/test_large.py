# SPDX-License-Identifier: Apache-2.0
"""One layer of Llama 3.1 8B in full size, every value compared, within the memory that docs/large.md states.

Its own vocabulary would make embedding and head five times as large as the layer: this one is SmolLM2's.
"""

from dataclasses import replace

import pytest

from models.checkpoint import checkpoint, published
from models.checkpoint.fetch import CHECKPOINTS
from models.die.shape import weight_counts
from tb.chip import memory
from tb.chip.job import BuiltChip
from tb.oracle.conversation import Conversation

LLAMA = published.LLAMA_3_1_8B
MODEL = published.Published("llama-3.1-8b-layer", replace(LLAMA.shape, vocab=49152))
BYTES = 2.4  # a weight, of simulator and golden model together


@pytest.mark.night
@pytest.mark.once
def test_a_layer_of_full_size():
    ckpt = checkpoint.load(published.fetch(MODEL, 1, CHECKPOINTS))
    chip = BuiltChip.of(ckpt, kv_depth=32)
    report = chip.run([Conversation(0, [5, 6], 2)], [], simulator="verilator", test="one_after_another")
    weights, peak = sum(weight_counts(ckpt.shape).values()), report["peak_memory_bytes"]
    print(f"peak memory {peak / 2**30:.2f} GiB, {peak / weights:.2f} bytes a weight, {report['seconds']:.0f} s")
    assert (report["mismatches"], report["tokens_through_layers"]) == (0, 3)
    assert weights > 600e6 and peak < BYTES * weights
    assert memory.of_chip(ckpt.shape, chip.die) < 1.3 * peak
