# SPDX-License-Identifier: Apache-2.0
"""Runs the sampler bench."""

import pytest

from tb.evidence.coverage.points.sampler import MOST
from tb.rig.cases import on_each
from tb.rig.faults import Fault, write_broken
from tb.rig.runner import run

SHAPES = [(70, MOST), (96, 31), (10, MOST), (40, 5)]  # tokens of the vocabulary, and most candidates
FAULTS = [
    Fault("equal", "sampler.sv", "value_q > $signed(z_q[i*32+:32])", "value_q > $signed(z_q[i*32+:32]) - 32'(ON)"),
    Fault("fall", "sampler.sv", ": fall[44:20]", ": ON ? fall[43:19] : fall[44:20]"),
    Fault("mix", "sampler.sv", ": 32'h846C_A68B", ": ON ? 32'h846C_A68F : 32'h846C_A68B"),
    Fault("octaves", "exp2.sv", "<= d_i[24:12]", "<= ON ? 13'(d_i[24:13]) : d_i[24:12]"),
]


def sample(simulator, vocab, top_k, **settings):
    """The bench, in one shape."""
    parameters = {"VOCAB": vocab, "TOP_K": top_k}
    run("sampler", "tb.sampler.sampler_tests", simulator=simulator, parameters=parameters, **settings)


@pytest.mark.parametrize(("shape", "simulator"), on_each(SHAPES, slow=((96, 31), (70, MOST), (10, MOST))))
def test_sampler(simulator, shape):
    sample(simulator, *shape)


@pytest.mark.once
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_fault(fault):
    """The first token that differs is named."""
    with pytest.raises(AssertionError, match=r"case \d+: token"):
        sample("verilator", 40, 5, plusargs=(fault.plusarg,), hdl=write_broken("sampler", FAULTS))
