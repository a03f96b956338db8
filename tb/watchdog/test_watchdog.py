# SPDX-License-Identifier: Apache-2.0
"""Runs the watchdog's bench, and on faulty RTL, which it must see."""

import pytest

from tb.rig.faults import Fault, write_broken
from tb.rig.runner import run, simulators

FAULTS = [
    Fault("early", "watchdog.sv", "least_q   <= window_i - 32'd1", "least_q <= window_i - 32'd1 - 32'(ON)"),
    Fault("held", "watchdog.sv", "if (!hold_i) count_q", "if (!hold_i || ON) count_q"),
    Fault("moved", "watchdog.sv", "~moves_i & ~moved_q", "~moves_i & (~moved_q | {SLOTS{ON}})"),
    Fault("passed", "watchdog.sv", "(passed_q || passes_i || idle_i)", "(passed_q || (passes_i && !ON) || idle_i)"),
]


def bench(simulator: str, slots: int = 3, **settings) -> None:
    run("watchdog", "tb.watchdog.watchdog_tests", simulator=simulator, parameters={"SLOTS": slots}, **settings)


@pytest.mark.parametrize("simulator", simulators())
@pytest.mark.parametrize("slots", [1, 3])
def test_watchdog(simulator, slots):
    bench(simulator, slots)


@pytest.mark.once
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_fault(fault):
    with pytest.raises(AssertionError, match=r"window \d+, clock \d+"):
        bench("icarus", plusargs=(fault.plusarg,), hdl=write_broken("watchdog", FAULTS))
