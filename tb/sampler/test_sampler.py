# SPDX-License-Identifier: Apache-2.0
"""Runs the sampler bench."""

import pytest

from tb.evidence.coverage.points.sampler import MOST
from tb.rig.runner import run, simulators


@pytest.mark.parametrize("simulator", simulators())
@pytest.mark.parametrize(("vocab", "top_k"), [(70, MOST), (96, 31), (10, MOST), (40, 5)])
def test_sampler(simulator, vocab, top_k):
    parameters = {"VOCAB": vocab, "TOP_K": top_k}
    run("sampler", "tb.sampler.sampler_tests", simulator=simulator, parameters=parameters)
