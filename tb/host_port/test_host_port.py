# SPDX-License-Identifier: Apache-2.0
"""Runs the host port's bench: on a small die, on the least and the largest, and on faulty RTL, which it must see."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from tb.rig import tables
from tb.rig.cases import by_day
from tb.rig.faults import Fault, write_broken
from tb.rig.runner import run, simulators

HERE = Path(__file__).parent
TESTS = ",".join(f"tb.host_port.{part}_tests" for part in ("register", "slot", "prompt", "watch", "adapter", "traffic"))
SMALL = {
    "SLOTS": 3,
    "DEPTH": 12,
    "VOCAB": 1000,
    "LAYERS": 3,
    "D_MODEL": 64,
    "RANK": 1,
    "ADAPTERS": 3,
    "TOP_K": 8,
    "WORDS_QKV": 5,
    "WORDS_O": 2,
    "WORDS_GATEUP": 300,
    "WORDS_DOWN": 1,
}
EXTREMES = {
    "least": {"SLOTS": 1, "DEPTH": 1, "VOCAB": 1, "LAYERS": 1, "RANK": 1, "ADAPTERS": 0, "TOP_K": 1},
    "largest": {
        "SLOTS": 256,
        "DEPTH": 65535,
        "VOCAB": 1 << 24,
        "LAYERS": 255,
        "RANK": 64,
        "ADAPTERS": 15,
        "TOP_K": 31,
        "WORDS_QKV": 65535,
        "WORDS_O": 43690,
        "WORDS_GATEUP": 21845,
        "WORDS_DOWN": 1,
    },
}
ADDRESSES = ("reset_values", "addresses", "read_only")
ONLY = {"least": ADDRESSES, "largest": (*ADDRESSES, "counters", "every_slot", "far_positions", "first_and_last")}


@dataclass(frozen=True)
class Failing(Fault):
    """A fault, and the test that it must fail."""

    test: str


@dataclass(frozen=True)
class HostFault:
    """faults.toml."""

    fault: list[Failing]


FAULTS = tables.load(HERE / "faults.toml", HostFault).fault


def bench(**settings) -> None:
    """One run of the bench, settings of the run as given."""
    run("host_port_bench", TESTS, sources=(HERE / "host_port_bench.sv",), **settings)


@pytest.mark.parametrize("simulator", simulators())
def test_host_port(simulator):
    bench(simulator=simulator, parameters=SMALL)


# The largest has so many slots that its addresses alone take half a minute.
@pytest.mark.parametrize(("die",), by_day(((die,) for die in EXTREMES), late=[("largest",)]))
def test_extremes(die):
    """What an address is, on the smallest and the largest map; whatever the largest die has most of."""
    env = {"COCOTB_TEST_FILTER": "|".join(f"{name}$" for name in ONLY[die])}
    bench(simulator=simulators()[-1], parameters=EXTREMES[die], env=env)


def faulty(test: str, *plusargs: str) -> None:
    """One test of the bench on RTL with faults."""
    settings = {"env": {"COCOTB_TEST_FILTER": test}, "plusargs": plusargs, "hdl": write_broken("host_port", FAULTS)}
    bench(simulator="icarus", parameters=SMALL, **settings)


@pytest.mark.once
def test_without_a_fault():
    """Where none is switched on, the tests that faults must fail pass."""
    faulty("|".join(sorted({f"{fault.test}$" for fault in FAULTS})))


@pytest.mark.once
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_fault(fault):
    """The test that is named fails."""
    with pytest.raises(AssertionError, match=rf"tests failed \(.*{fault.test}"):
        faulty(fault.test, fault.plusarg)
