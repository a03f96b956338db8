# SPDX-License-Identifier: Apache-2.0
"""Runs the rope bench on the etcher's table; the bench holds it against the golden model, which has its own."""

from pathlib import Path

import pytest

from models.mask import angles
from models.mask.image import Kind
from tb.rig import masks
from tb.rig.runner import run, simulators
from tb.rope.rope_shape import CASES


@pytest.mark.parametrize("simulator", simulators())
@pytest.mark.parametrize("case", CASES)
def test_rope(simulator, case, tmp_path):
    shape, depth, turn_beats, beats = CASES[case]
    masks.write(tmp_path, "rope", 0, Kind.TABLE, angles.table(shape, depth))
    run(
        "rope_bench",
        "tb.rope.rope_tests",
        simulator=simulator,
        parameters={"HEAD_DIM": shape.head_dim, "DEPTH": depth, "TURN_BEATS": turn_beats, "BEATS": beats},
        plusargs=(f"+mask={tmp_path}",),
        sources=(Path(__file__).with_name("rope_bench.sv"),),
        env={"CASE": case},
    )
