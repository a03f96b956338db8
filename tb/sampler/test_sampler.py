# SPDX-License-Identifier: Apache-2.0
"""Runs the sampler bench."""

import pytest

from tb.evidence.coverage.points.sampler import MOST
from tb.rig.cases import on_each
from tb.rig.runner import run

SHAPES = [(70, MOST), (96, 31), (10, MOST), (40, 5)]  # tokens of the vocabulary, and most candidates


@pytest.mark.parametrize(("shape", "simulator"), on_each(SHAPES, slow=((96, 31), (70, MOST))))
def test_sampler(simulator, shape):
    vocab, top_k = shape
    parameters = {"VOCAB": vocab, "TOP_K": top_k}
    run("sampler", "tb.sampler.sampler_tests", simulator=simulator, parameters=parameters)
