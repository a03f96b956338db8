# SPDX-License-Identifier: Apache-2.0
"""What all tests share: a core each, and runs of a simulator that know their test."""

import os

import pytest

from models.errors import InputError
from tb.rig import record, runner, surroundings

if "PYTEST_XDIST_WORKER" in os.environ:  # tests side by side have a core each: there, NumPy may not take two
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def pytest_configure() -> None:
    """A seed or a simulator that is none ends the session in one line, and so does a Python that takes no assertion.

    Not when this file is imported: cocotb does that too, inside a simulator, whose settings must stay.
    """
    surroundings.settle()
    try:
        runner.check_settings()
    except InputError as problem:
        raise pytest.UsageError(str(problem)) from None


def pytest_exception_interact(call: pytest.CallInfo) -> None:
    """The record of a run says that its test failed of it."""
    if isinstance(error := call.excinfo.value, record.RunError):
        error.record.fatal = True
        error.record.write()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item):
    """Runs have the test's name; the traces that the user asked for, by WAVES=1, are laid out when it has ended."""
    with record.runs_of(item.nodeid) as runs:
        done = yield
    if traces := {run.folder: run for run in runs if run.trace and not run.waves}:  # the last one of a folder
        from tb.evidence.waves import view
        from tb.rig.runner import traced

        for run in traces.values() if traced() else ():
            view.leave(run).show()
    return done
