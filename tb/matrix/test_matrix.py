# SPDX-License-Identifier: Apache-2.0
"""Runs the matrix bench, every view of its cells on random masks."""

import numpy as np
import pytest

from tb.rig import masks
from tb.rig.runner import default_seed, run, simulators

VIEWS = {"rom": 0, "gate": 1, "switch": 2}
INSTANCE = 7
# view, rows, columns, rows of a block, slices, bits of a cell, bit lines, columns a unit, clocks of a ROM turn;
# in some also the inputs that share integers, those that share a scale, and the offset of symmetric codes
SHAPES = {
    "verilator": [
        ("rom", 64, 64, 32, 1, 4, 1, 1, 1),
        ("rom", 96, 32, 64, 2, 3, 8, 4, 15),
        ("rom", 512, 32, 64, 2, 4, 4, 2, 1, 16, 256),
        ("rom", 256, 64, 32, 1, 4, 32, 2, 1, 32, 0, 8),
        ("gate", 64, 32, 32, 1, 4, 1, 1, 1),
    ],
    "icarus": [
        ("rom", 96, 64, 32, 2, 4, 1, 1, 1),
        ("rom", 96, 32, 64, 2, 3, 8, 4, 15),
        ("rom", 256, 32, 64, 1, 4, 2, 4, 16, 32, 256),
        ("gate", 64, 32, 64, 1, 3, 16, 1, 1, 16, 32),
        ("rom", 64, 64, 64, 1, 4, 32, 8, 1),
        ("switch", 32, 32, 32, 1, 4, 1, 1, 1),
        ("switch", 32, 32, 32, 1, 4, 8, 1, 1, 16, 32),
    ],
}
LONG = {  # gates are compiled, and interpreted, for long
    "verilator": [
        ("gate", 96, 32, 64, 2, 3, 8, 4, 1),
        ("gate", 96, 32, 96, 2, 4, 32, 2, 1),
        ("gate", 96, 32, 64, 2, 3, 8, 4, 1, 16, 32),
    ],
    "icarus": [
        ("gate", 32, 32, 32, 1, 4, 1, 1, 1),
        ("gate", 64, 32, 32, 1, 4, 32, 1, 1, 32, 0, 8),
        ("gate", 96, 32, 64, 2, 3, 8, 4, 1),
        ("gate", 192, 32, 64, 1, 4, 32, 8, 1),
        ("switch", 64, 32, 64, 1, 3, 16, 8, 1),
    ],
}
NAMES = "view rows columns block slices bits bit_lines share clks span superblock offset".split()
PARAMETERS = "VIEW K N BLOCK SLICES W_BITS BIT_LINES SHARE TURN_CLKS SPAN SUPER OFFSET".split()
PLAIN = (32, 0, 0)  # the last three of those that do not say
CASES = [
    pytest.param(simulator, shape, marks=marks, id=f"{simulator}-{'-'.join(map(str, shape))}")
    for simulator in simulators()
    for shapes, marks in ((SHAPES, ()), (LONG, pytest.mark.night))
    for shape in shapes[simulator]
]


@pytest.mark.parametrize(("simulator", "shape"), CASES)
def test_matrix(simulator, shape, tmp_path):
    its = dict(zip(NAMES, (*shape, *PLAIN[len(shape) - 9 :]), strict=True))
    rng, scaling = np.random.default_rng(default_seed()), (its["span"], its["superblock"], its["offset"])
    masks.matrix(tmp_path, rng, "qkv", INSTANCE, its["rows"], its["columns"], its["slices"], its["bits"], *scaling)
    parameters = dict(zip(PARAMETERS, (VIEWS[its["view"]], *list(its.values())[1:]), strict=True))
    run(
        "matrix",
        "tb.matrix.matrix_tests",
        simulator=simulator,
        parameters=parameters,
        plusargs=(f"+mask={tmp_path}",),
        env={"INSTANCE": str(INSTANCE)},
    )
