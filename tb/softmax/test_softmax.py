# SPDX-License-Identifier: Apache-2.0
"""Runs the softmax bench."""

import pytest

from tb.rig.runner import run, simulators


@pytest.mark.parametrize("simulator", simulators())
@pytest.mark.parametrize(("heads", "kv_heads", "positions", "depth"), [(4, 2, 2, 32), (3, 1, 4, 19), (1, 1, 1, 9)])
def test_softmax(simulator, heads, kv_heads, positions, depth):
    parameters = {"HEADS": heads, "KV_HEADS": kv_heads, "POSITIONS": positions, "DEPTH": depth}
    run("softmax", "tb.softmax.softmax_tests", simulator=simulator, parameters=parameters)
