"""Runs the matrix bench, every view of its cells on random masks."""

import numpy as np
import pytest

from tb import masks
from tb.runner import default_seed, run, simulators

VIEWS = {"rom": 0, "gate": 1, "switch": 2}
INSTANCE = 7
# view, rows, columns, rows of a block, slices, clocks a row of the rom view
SHAPES = {
    "verilator": [
        ("rom", 64, 64, 32, 1, 1),
        ("rom", 96, 32, 64, 2, 16),
        ("gate", 64, 32, 32, 1, 1),
        ("gate", 96, 32, 64, 2, 1),
    ],
    "icarus": [
        ("rom", 96, 64, 32, 2, 1),
        ("rom", 96, 32, 64, 2, 16),
        ("gate", 32, 32, 32, 1, 1),
        ("switch", 32, 32, 32, 1, 1),
    ],
}
CASES = [(simulator, *shape) for simulator in simulators() for shape in SHAPES[simulator]]


@pytest.mark.parametrize(("simulator", "view", "rows", "columns", "block", "slices", "row_clks"), CASES)
def test_matrix(simulator, view, rows, columns, block, slices, row_clks, tmp_path):
    masks.matrix(tmp_path, np.random.default_rng(default_seed()), "qkv", INSTANCE, rows, columns, slices)
    parameters = {"VIEW": VIEWS[view], "K": rows, "N": columns, "BLOCK": block, "SLICES": slices, "ROW_CLKS": row_clks}
    run(
        "matrix",
        "tb.matrix.matrix_tests",
        simulator=simulator,
        name=f"matrix-{view}-{rows}x{columns}-{block}x{slices}-{row_clks}",
        parameters=parameters,
        plusargs=(f"+mask={tmp_path}",),
        env={"INSTANCE": str(INSTANCE)},
    )
