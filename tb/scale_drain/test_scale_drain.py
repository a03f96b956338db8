# SPDX-License-Identifier: Apache-2.0
"""Runs the bench of a matrix's scaling units on random masks, with and without integers."""

import numpy as np
import pytest

from tb.rig import masks
from tb.rig.cases import on_each
from tb.rig.faults import Fault, write_broken
from tb.rig.runner import default_seed, run

INSTANCE = 3
# inputs, columns, columns a scaling unit, inputs that share integers, and a scale; cells a weight, offset of its codes
SHAPES = [
    (96, 64, 2, 32, 0, 2, 0),
    (512, 64, 2, 16, 256, 1, 0),
    (64, 32, 1, 16, 32, 1, 0),
    (96, 64, 4, 32, 0, 1, 8),
    (256, 32, 1, 16, 256, 2, 32),
]
BROKEN = [
    Fault("half", "scale_drain.sv", "= (SPAN != GROUP) && span_i[0]", "= (SPAN != GROUP) && span_i[0] && !ON"),
    Fault("pair", "scale_drain.sv", "scales[scale_row]", "scales[ON ? 0 : scale_row]"),
    Fault("column", "scale_drain.sv", ": integers_of[part_i]", ": integers_of[ON ? 0 : part_i]"),
    Fault("s", "sub_scale.sv", "magnitude_of(integers_i[7:0])", "(ON ? 8'd1 : magnitude_of(integers_i[7:0]))"),
    Fault("n", "sub_scale.sv", "magnitude_of(integers_i[15:8])", "(ON ? 8'd1 : magnitude_of(integers_i[15:8]))"),
    Fault("delay", "scale_drain.sv", "part_q[2*PART_IW+:PART_IW]", "part_q[(ON ? 1 : 2)*PART_IW+:PART_IW]"),
    Fault(
        "accumulator",
        "scale_drain.sv",
        "part_q[(CLKS-1)*PART_IW+:PART_IW]",
        "part_q[(CLKS-1-32'(ON))*PART_IW+:PART_IW]",
    ),
    Fault("product", "product_words.sv", "{!bits[B_W-1], bits[B_W-2:0]}", "{bits[B_W-1] == ON, bits[B_W-2:0]}"),
    Fault("readout", "scale_drain.sv", "? HALF :", "? HALF * 64'(!ON) :"),
    Fault("msb", "scale_drain.sv", "(COL_W'(1) << (COL_W - 1))", "(COL_W'(1) << (COL_W - 1 - ON))"),
]


def drain(simulator, shape, folder, **settings):
    """The bench, in one geometry."""
    inputs, columns, share, span, superblock, slices, offset = shape
    rng = np.random.default_rng(default_seed())
    masks.matrix(folder, rng, "qkv", INSTANCE, inputs, columns, slices, 4, span, superblock, offset)
    sizes = {"K": inputs, "N": columns, "SHARE": share, "SPAN": span, "SUPER": superblock, "SLICES": slices}
    sizes |= {"OFFSET": offset}
    plusargs = (f"+mask={folder}", *settings.pop("plusargs", ()))
    tests, env = "tb.scale_drain.scale_drain_tests", {"INSTANCE": str(INSTANCE)}
    run("scale_drain", tests, simulator=simulator, parameters=sizes, plusargs=plusargs, env=env, **settings)


@pytest.mark.parametrize(("shape", "simulator"), on_each(SHAPES, slow=((512, 64, 2, 16, 256, 1, 0),)))
def test_scale_drain(simulator, shape, tmp_path):
    drain(simulator, shape, tmp_path)


@pytest.mark.once
@pytest.mark.parametrize("fault", BROKEN, ids=lambda fault: fault.name)
def test_fault(fault, tmp_path):
    """A line of what scales a span is broken: the bench names the first column that is wrong."""
    with pytest.raises(AssertionError, match="tests failed"):
        drain("icarus", SHAPES[1], tmp_path, hdl=write_broken("scale_drain", BROKEN), plusargs=(fault.plusarg,))
