# SPDX-License-Identifier: Apache-2.0
"""What all tests share: a core each, and runs of a simulator that know their test."""

import os
from pathlib import Path

import pytest

from models.errors import InputError
from tb.rig import processes, record, runner, surroundings

if "PYTEST_XDIST_WORKER" in os.environ:  # tests side by side have a core each: there, NumPy may not take two
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def pytest_configure() -> None:
    """A seed or a simulator that is none ends the session in one line, and so does a Python that takes no assertion.

    However the tests end, no simulator is left. Not when this file is imported: cocotb does that too, inside a
    simulator, whose settings must stay.
    """
    surroundings.settle()
    try:
        runner.check_settings()
    except InputError as problem:
        raise pytest.UsageError(str(problem)) from None
    processes.take_charge()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A test that is for who names its file is left out for all others."""
    named = {Path(argument.split("::")[0]).resolve() for argument in config.args}
    left_out = [item for item in items if item.get_closest_marker("by_name") and item.path not in named]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo):
    """The record of a run says that its test failed of it, and the JUnit report what differed, and how to see it."""
    report = yield
    if report.failed and isinstance(error := call.excinfo.value, record.RunError):
        error.record.fatal = True
        error.record.write()
        item.user_properties += error.record.properties()
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item):
    """Runs have the test's name; the traces that the user asked for, by WAVES=1, are laid out however it has ended."""
    with record.runs_of(item.nodeid) as runs:
        try:
            return (yield)
        finally:
            if name := processes.stopped_by():  # a command that was tested took it for its own
                item.session.shouldstop = f"stopped by {name}"
            if traces := [run for run in runs if run.trace and not run.waves]:
                from tb.evidence.waves import view
                from tb.rig.runner import traced

                for run in traces if traced() else ():
                    view.leave(run).show()
