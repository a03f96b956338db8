# SPDX-License-Identifier: Apache-2.0
"""Runs the softmax bench."""

import pytest

from tb.rig.runner import run, simulators


@pytest.mark.parametrize("simulator", simulators())
@pytest.mark.parametrize(("heads", "depth"), [(4, 32), (3, 9), (1, 2)])
def test_softmax(simulator, heads, depth):
    parameters = {"HEADS": heads, "DEPTH": depth}
    run("softmax", "tb.softmax.softmax_tests", simulator=simulator, parameters=parameters)
