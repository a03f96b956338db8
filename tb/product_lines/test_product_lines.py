# SPDX-License-Identifier: Apache-2.0
"""Runs the product_lines bench."""

import pytest

from tb.rig.runner import run, simulators


@pytest.mark.parametrize("simulator", simulators())
@pytest.mark.parametrize("act_w", [12, 8])
def test_product_lines(simulator, act_w):
    parameters = {"ACT_W": act_w}
    run("product_lines", "tb.product_lines.product_lines_tests", simulator=simulator, parameters=parameters)
