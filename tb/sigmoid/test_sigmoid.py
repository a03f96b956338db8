# SPDX-License-Identifier: Apache-2.0
"""Runs the sigmoid bench."""

import pytest

from tb.rig.runner import run, simulators


@pytest.mark.parametrize("simulator", simulators())
def test_sigmoid(simulator):
    run("sigmoid", "tb.sigmoid.sigmoid_tests", simulator=simulator)
