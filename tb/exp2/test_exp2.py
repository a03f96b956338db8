# SPDX-License-Identifier: Apache-2.0
"""Runs the exp2 bench."""

import pytest

from tb.rig.runner import run, simulators


@pytest.mark.parametrize("simulator", simulators())
def test_exp2(simulator):
    run("exp2", "tb.exp2.exp2_tests", simulator=simulator)
