# SPDX-License-Identifier: Apache-2.0
"""Under pytest a record has its test's name, and says whether the test failed of it."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from models.project import BUILD, ROOT
from tb.rig.record_tests import DIVERGENCE

TESTS = """
import pytest
from tb.rig.record import Record, RunError, begin, current_test


def simulate(folder):
    record = Record(current_test(), "top", "icarus", 1, "again", str(folder), "hdl", [], verdict="failed")
    begin(record)
    raise RunError(record)


@pytest.fixture
def broken(tmp_path):
    simulate(tmp_path)


def test_setup(broken):
    pass


def test_body(tmp_path):
    simulate(tmp_path)


def test_expected(tmp_path):
    with pytest.raises(RunError):
        simulate(tmp_path)
"""


def test_whose_failure_it_is(tmp_path, monkeypatch):
    (tmp_path / "records").mkdir()
    (tmp_path / "test_runs.py").write_text(TESTS)
    monkeypatch.setenv("RECORDS", str(tmp_path / "records"))
    pytest = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", str(ROOT / "pyproject.toml")]
    done = subprocess.run([*pytest, "-p", "conftest", str(tmp_path)], cwd=ROOT, capture_output=True, text=True)
    assert "1 failed, 1 passed, 1 error" in done.stdout, done.stdout
    found = [json.loads(file.read_text()) for file in sorted((tmp_path / "records").iterdir())]
    assert [(one["test"].split("::")[-1], one["fatal"]) for one in found] == [
        ("test_setup", True),
        ("test_body", True),
        ("test_expected", False),
    ]


@pytest.fixture
def inside():
    """A folder in the checkout, for whose tests conftest.py is."""
    BUILD.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BUILD) as folder:
        yield Path(folder)


def test_a_junit_report_has_the_value_that_differed(inside):
    """Of `make test`, in the folder that BUILD names, with the command that does that run again."""
    (inside / "test_it.py").write_text(
        "from tb.rig.record import Record, RunError\n"
        "from tb.rig.record_tests import DIVERGENCE\n"
        "def test_it(tmp_path):\n"
        "    record = Record('t', 'b', 'icarus', 5, 'make waves TEST=t', str(tmp_path), 'h', [], message='m')\n"
        "    record.divergence = DIVERGENCE\n"
        "    raise RunError(record)\n"
    )
    command = [sys.executable, "-m", "scripts.test", "--jobs", "1", "--test", str(inside / "test_it.py")]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | {"BUILD": str(inside)}, capture_output=True, text=True)
    assert done.returncode == 1, done.stdout
    report = (inside / "results" / "test.xml").read_text()
    fields = DIVERGENCE.fields() | {"seed": 5, "replay": "make waves TEST=t"}
    assert all(f'<property name="{name}" value="{value}" />' in report for name, value in fields.items()), report
