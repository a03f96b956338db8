# SPDX-License-Identifier: Apache-2.0
"""Runs the divider benches."""

import pytest

from tb.rig.runner import run, simulators


def divide(simulator: str, tests: str, quo_w: int, den_w: int) -> None:
    """Run one module of tests on a divider of these widths."""
    parameters = {"QUO_W": quo_w, "DEN_W": den_w}
    run("divider", f"tb.divider.{tests}", simulator=simulator, parameters=parameters)


@pytest.mark.parametrize("simulator", simulators())
@pytest.mark.parametrize(("quo_w", "den_w"), [(16, 21), (8, 5)])
def test_divider(simulator, quo_w, den_w):
    divide(simulator, "divider_tests", quo_w, den_w)


@pytest.mark.parametrize("simulator", simulators())
def test_reciprocals(simulator):
    divide(simulator, "reciprocal_tests", 16, 21)
