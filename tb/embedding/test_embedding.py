# SPDX-License-Identifier: Apache-2.0
"""Runs the embedding bench on random masks."""

import numpy as np
import pytest

from tb.rig import masks
from tb.rig.runner import default_seed, run, simulators


@pytest.mark.parametrize("simulator", simulators())
@pytest.mark.parametrize(("width", "vocab", "slices", "bits"), [(64, 40, 2, 4), (96, 33, 1, 4), (32, 7, 2, 3)])
def test_embedding(simulator, width, vocab, slices, bits, tmp_path):
    masks.embedding(tmp_path, np.random.default_rng(default_seed()), vocab, width, slices, bits)
    run(
        "embedding",
        "tb.embedding.embedding_tests",
        simulator=simulator,
        parameters={"D_MODEL": width, "VOCAB": vocab, "SLICES": slices, "W_BITS": bits},
        plusargs=(f"+mask={tmp_path}",),
    )
