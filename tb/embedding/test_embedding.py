# SPDX-License-Identifier: Apache-2.0
"""Runs the embedding bench on random masks."""

import numpy as np
import pytest

from tb.rig import masks
from tb.rig.runner import default_seed, run, simulators


@pytest.mark.parametrize("simulator", simulators())
@pytest.mark.parametrize(
    ("width", "vocab", "slices", "bits", "span", "superblock"),
    [
        (64, 40, 2, 4, 32, 0),
        (96, 33, 1, 4, 32, 0),
        (32, 7, 2, 3, 32, 0),
        (512, 9, 2, 3, 16, 256),
        (96, 11, 1, 4, 32, 32),
    ],
)
def test_embedding(simulator, width, vocab, slices, bits, span, superblock, tmp_path):
    rng = np.random.default_rng(default_seed())
    masks.embedding(tmp_path, rng, vocab, width, slices, bits, span, superblock)
    run(
        "embedding",
        "tb.embedding.embedding_tests",
        simulator=simulator,
        parameters={
            "D_MODEL": width,
            "VOCAB": vocab,
            "SLICES": slices,
            "W_BITS": bits,
            "SPAN": span,
            "SUPER": superblock,
        },
        plusargs=(f"+mask={tmp_path}",),
    )
