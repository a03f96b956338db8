# SPDX-License-Identifier: Apache-2.0
"""Runs the swiglu bench."""

import pytest

from tb.rig.runner import run, simulators


@pytest.mark.parametrize("simulator", simulators())
def test_swiglu(simulator):
    run("swiglu", "tb.swiglu.swiglu_tests", simulator=simulator)
