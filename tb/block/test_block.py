# SPDX-License-Identifier: Apache-2.0
"""Runs the block bench."""

import pytest

from tb.rig.cases import by_day
from tb.rig.runner import run, simulators

VIEWS = {"gate": 1, "switch": 2}


# rows, slices, bits of a cell, bit lines a column, rows of a span
SHAPES = [
    (32, 1, 4, 1, 32),
    (64, 2, 4, 1, 32),
    (32, 2, 3, 4, 32),
    (64, 1, 3, 32, 32),
    (32, 3, 3, 2, 32),
    (32, 2, 3, 4, 16),
]

CASES = [
    (simulator, view) for simulator in simulators() for view in VIEWS if (simulator, view) != ("verilator", "switch")
]


@pytest.mark.parametrize(("rows", "slices", "bits", "bit_lines", "span"), SHAPES)
@pytest.mark.parametrize(
    ("simulator", "view"),
    by_day(
        CASES, late=[case for case in CASES if "verilator" in case]
    ),  # which compiles gates for longer than they run
)
def test_block(simulator, view, rows, slices, bits, bit_lines, span):
    sizes = {"BLOCK": rows, "SLICES": slices, "W_BITS": bits, "BIT_LINES": bit_lines, "SPAN": span, "N": 4}
    parameters = {"VIEW": VIEWS[view], **sizes}
    run("block", "tb.block.block_tests", simulator=simulator, parameters=parameters)
