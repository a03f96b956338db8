# SPDX-License-Identifier: Apache-2.0
"""The parameters of a test that runs on every simulator, and which of them are for the night."""

from collections.abc import Collection, Iterable

import pytest

from tb.rig.runner import simulators


def by_day(cases: Iterable[tuple], late: Collection[tuple]) -> list:
    """Cases as they are; those that are ``late`` are for the night."""
    return [pytest.param(*case, marks=pytest.mark.night if case in late else ()) for case in cases]


def on_each(cases: Iterable, slow: Collection = ()) -> list:
    """(case, simulator) of every case and simulator; those that are ``slow`` on Icarus are for the night there."""

    def parameters(case: object, simulator: str) -> object:
        name = "-".join(map(str, case)) if isinstance(case, tuple) else str(case)
        marks = pytest.mark.night if simulator == "icarus" and case in slow else ()
        return pytest.param(case, simulator, marks=marks, id=f"{name}-{simulator}")

    return [parameters(case, simulator) for case in cases for simulator in simulators()]
