# SPDX-License-Identifier: Apache-2.0
"""Runs the bench of signatures."""

import pytest

from tb.rig.faults import Fault, write_broken
from tb.rig.runner import run, simulators

BROKEN = [
    Fault("feedback", "signature.sv", "sum_q[31] ? POLYNOMIAL", "sum_q[31] && !ON ? POLYNOMIAL"),
    Fault("turn", "signature.sv", "word << (l % 32)", "word << (ON ? 0 : l % 32)"),
    Fault("waiting", "signature.sv", "else if (fire_i)", "else if (fire_i || ON)"),
]


def bench(simulator, **settings):
    run("signature", "tb.signature.signature_tests", simulator=simulator, **settings)


@pytest.mark.parametrize("simulator", simulators())
def test_signature(simulator):
    bench(simulator)


@pytest.mark.once
@pytest.mark.parametrize("fault", BROKEN, ids=lambda fault: fault.name)
def test_fault(fault):
    """A line of it is broken: the bench sees a wrong word."""
    with pytest.raises(AssertionError, match="tests failed"):
        bench("icarus", hdl=write_broken("signature", BROKEN), plusargs=(fault.plusarg,))
