"""Runs the residual bench."""

from pathlib import Path

import pytest

from tb.rig.runner import run, simulators


@pytest.mark.parametrize("simulator", simulators())
def test_residual(simulator):
    bench = Path(__file__).with_name("residual_bench.sv")
    run("residual_bench", "tb.residual.residual_tests", simulator=simulator, name="residual", sources=(bench,))
