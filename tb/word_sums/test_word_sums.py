# SPDX-License-Identifier: Apache-2.0
"""Runs the bench of an adapter's word sums."""

import pytest

from tb.rig.cases import on_each
from tb.rig.runner import run

SHAPES = [(1, 2, 12), (4, 3, 12), (8, 1, 8)]  # rank, modules, bits of an activation


@pytest.mark.parametrize(("shape", "simulator"), on_each(SHAPES, slow=((8, 1, 8),)))
def test_word_sums(simulator, shape):
    rank, modules, act_w = shape
    parameters = {"RANK": rank, "MODULES": modules, "ACT_W": act_w}
    run("word_sums", "tb.word_sums.word_sums_tests", simulator=simulator, parameters=parameters)
