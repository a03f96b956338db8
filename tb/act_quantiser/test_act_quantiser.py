# SPDX-License-Identifier: Apache-2.0
"""Runs the act_quantiser bench."""

import pytest

from tb.rig.runner import run, simulators


@pytest.mark.parametrize("simulator", simulators())
@pytest.mark.parametrize(("n", "w"), [(32, 12), (16, 10), (64, 12), (8, 16)])
def test_act_quantiser(simulator, n, w):
    parameters = {"N": n, "W": w}
    run("act_quantiser", "tb.act_quantiser.act_quantiser_tests", simulator=simulator, parameters=parameters)
