"""Runs the block bench."""

import pytest

from tb.runner import run, simulators

VIEWS = {"gate": 1, "switch": 2}


@pytest.mark.parametrize(("rows", "slices"), [(32, 1), (64, 2)])
@pytest.mark.parametrize(
    ("simulator", "view"),
    [(simulator, view) for simulator in simulators() for view in VIEWS if (simulator, view) != ("verilator", "switch")],
)
def test_block(simulator, view, rows, slices):
    name = f"block-{view}-{rows}x{slices}"
    parameters = {"VIEW": VIEWS[view], "BLOCK": rows, "SLICES": slices, "N": 4}
    run("block", "tb.block.block_tests", simulator=simulator, name=name, parameters=parameters)
