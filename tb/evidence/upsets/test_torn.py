# SPDX-License-Identifier: Apache-2.0
"""Every module that makes something of several beats tells by its tag that they were not of one token."""

import numpy as np
import pytest

from models.die.shape import LANES, norm_constants
from models.mask.image import Kind
from tb.rig import masks
from tb.rig.faults import Fault, write_broken
from tb.rig.record import RunError
from tb.rig.runner import run
from tb.rms_norm.rms_norm_shape import shape_of

pytestmark = pytest.mark.once
NEPS, SQN, SQE = norm_constants(shape_of(3 * LANES, 1e-5))
# Parameters, and beats of a vector in and out.
MODULES = {
    "rms_norm": ({"N": 3 * LANES, "NEPS": f"40'd{NEPS}", "SQN": f"16'd{SQN}", "SQE": SQE}, 3, 3),
    "matrix": ({"K": 2 * LANES, "N": LANES}, 2, 1),
    "attention": ({"HEADS": 2, "KV_HEADS": 1, "HEAD_DIM": 16, "SLOTS": 2, "DEPTH": 4}, 2, 1),
    "swiglu": ({}, 2, 1),
    "sampler": ({"VOCAB": 3 * LANES}, 3, 1),
}
SHARED = {"swiglu": ("shared_tag(gate_tag_q, tag)", "tag")}  # what is broken; in the others:


def torn(module, folder, **broken):
    """The bench of a module, on masks of its own."""
    parameters, beats, out_beats = MODULES[module]
    masks.write(folder, "attn_norm", 0, Kind.TABLE, np.zeros(3 * LANES, dtype=np.int64))
    masks.matrix(folder, np.random.default_rng(1), "qkv", 0, 2 * LANES, LANES, 1, 4, 32, 0, 0)
    run(
        module,
        "tb.evidence.upsets.torn_tests",
        simulator="verilator",
        parameters=parameters,
        plusargs=(f"+mask={folder}", "+verilator+noassert"),  # which hold that no vector is torn
        env={"BEATS": str(beats), "OUT_BEATS": str(out_beats)},
        **broken,
    )


@pytest.mark.parametrize("module", MODULES)
def test_torn(module, tmp_path):
    torn(module, tmp_path)


@pytest.mark.parametrize("module", MODULES)
def test_a_tag_that_hides_it_is_seen(module, tmp_path):
    old, new = SHARED.get(module, ("shared_tag(tag_q, tag_i)", "tag_i"))
    with pytest.raises(RunError, match="the tag is whole"):
        torn(module, tmp_path, hdl=write_broken(f"torn-{module}", [Fault(module, f"{module}.sv", old, new)]))
