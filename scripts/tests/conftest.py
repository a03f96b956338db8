# SPDX-License-Identifier: Apache-2.0
"""What the tests of commands share: their parameters."""

from collections.abc import Callable

import pytest

from scripts.cli.parameters import EVERY, SETUP


@pytest.fixture(autouse=True)
def give(monkeypatch) -> Callable[..., None]:
    """``give(NAME=value, ...)`` gives a command these parameters and no others; before it is called there are none.

    These tests may have been called with some of the same name, as `make test` does, and a command may leave some for
    what it starts: neither gets from one test into another.
    """
    names = EVERY.keys() - {parameter.name for parameter in SETUP}

    def only(**parameters: object) -> None:
        for name in names:
            monkeypatch.setenv(name, "")  # known to monkeypatch, which takes away again what a command writes there
            monkeypatch.delenv(name)
        for name, value in parameters.items():
            monkeypatch.setenv(name, str(value))

    only()
    return only
