# SPDX-License-Identifier: Apache-2.0
"""Runs the multiplier bench, with the widths that the chip has."""

import pytest

from tb.rig.runner import run, simulators


@pytest.mark.parametrize("simulator", simulators())
@pytest.mark.parametrize(
    ("a_w", "b_w", "addend", "n"), [(32, 18, 1 << 15, 3), (32, 32, 1 << 15, 1), (32, 16, 0, 2), (13, 12, 2048, 1)]
)
def test_multiplier(simulator, a_w, b_w, addend, n):
    parameters = {"A_W": a_w, "B_W": b_w, "ADDEND": f"64'd{addend}", "N": n}
    run("multiplier", "tb.multiplier.multiplier_tests", simulator=simulator, parameters=parameters)
