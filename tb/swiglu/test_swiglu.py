"""Runs the swiglu bench."""

from pathlib import Path

import pytest

from tb.rig.runner import run, simulators


@pytest.mark.parametrize("simulator", simulators())
def test_swiglu(simulator):
    bench = Path(__file__).with_name("swiglu_bench.sv")
    run("swiglu_bench", "tb.swiglu.swiglu_tests", simulator=simulator, name="swiglu", sources=(bench,))
