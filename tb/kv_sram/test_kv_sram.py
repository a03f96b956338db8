# SPDX-License-Identifier: Apache-2.0
"""Runs the kv_sram bench."""

import pytest

from tb.rig.runner import run, simulators


@pytest.mark.parametrize("simulator", simulators())
@pytest.mark.parametrize(("slots", "depth", "width", "positions"), [(2, 32, 160, 2), (3, 5, 45, 4), (1, 2, 8, 1)])
def test_kv_sram(simulator, slots, depth, width, positions):
    parameters = {"SLOTS": slots, "DEPTH": depth, "WIDTH": width, "POSITIONS": positions}
    run("kv_sram", "tb.kv_sram.kv_sram_tests", simulator=simulator, parameters=parameters)
