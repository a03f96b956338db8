# SPDX-License-Identifier: Apache-2.0
"""Runs the clk_gate bench."""

import pytest

from tb.rig.runner import run, simulators


@pytest.mark.parametrize("simulator", simulators())
def test_clk_gate(simulator):
    run("clk_gate", "tb.clk_gate.clk_gate_tests", simulator=simulator)
