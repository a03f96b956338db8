# SPDX-License-Identifier: Apache-2.0
"""Under pytest a record has its test's name, and says whether the test failed of it."""

import json
import subprocess
import sys

from models.project import ROOT

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
