# SPDX-License-Identifier: Apache-2.0
"""Runs the residual bench."""

import pytest

from tb.rig.runner import run, simulators


@pytest.mark.parametrize("simulator", simulators())
def test_residual(simulator):
    run("residual", "tb.residual.residual_tests", simulator=simulator)
