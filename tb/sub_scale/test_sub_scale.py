# SPDX-License-Identifier: Apache-2.0
"""Runs the bench of the integers ahead of a scaling unit."""

import pytest

from tb.rig.runner import run, simulators


@pytest.mark.parametrize("simulator", simulators())
@pytest.mark.parametrize(("sum_w", "xsum_w"), [(21, 18), (29, 22)])  # of the smallest die and of the largest
def test_sub_scale(simulator, sum_w, xsum_w):
    parameters = {"SUM_W": sum_w, "XSUM_W": xsum_w}
    run("sub_scale", "tb.sub_scale.sub_scale_tests", simulator=simulator, parameters=parameters)
