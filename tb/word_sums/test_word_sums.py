# SPDX-License-Identifier: Apache-2.0
"""Runs the bench of an adapter's word sums."""

import pytest

from tb.rig.runner import run, simulators


@pytest.mark.parametrize("simulator", simulators())
@pytest.mark.parametrize(("rank", "modules", "act_w"), [(1, 2, 12), (4, 3, 12), (8, 1, 8)])
def test_word_sums(simulator, rank, modules, act_w):
    parameters = {"RANK": rank, "MODULES": modules, "ACT_W": act_w}
    run("word_sums", "tb.word_sums.word_sums_tests", simulator=simulator, parameters=parameters)
