"""Runs the divider bench."""

import pytest

from tb.rig.runner import run, simulators


@pytest.mark.parametrize("simulator", simulators())
@pytest.mark.parametrize(("num_w", "den_w"), [(45, 31), (8, 5)])
def test_divider(simulator, num_w, den_w):
    name, parameters = f"divider-{num_w}x{den_w}", {"NUM_W": num_w, "DEN_W": den_w}
    run("divider", "tb.divider.divider_tests", simulator=simulator, name=name, parameters=parameters)
