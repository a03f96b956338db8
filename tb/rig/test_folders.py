# SPDX-License-Identifier: Apache-2.0
"""Runs that overlap have folders of their own, and what dead ones left goes."""

import signal
import subprocess
import sys

from models.project import ROOT
from tb.rig import folders

HOLDER = """
import os, pathlib, signal, sys
from tb.rig import folders
with folders.scratch(pathlib.Path(sys.argv[1])) as mine:
    (mine / "half").touch()
    print(mine, flush=True)
    sys.stdin.read()
"""


def test_a_folder_belongs_to_one_run(tmp_path):
    one, other = folders.Holder(), folders.Holder()
    assert folders.take(tmp_path / "run", one) == tmp_path / "run"
    (tmp_path / "run" / "result").touch()
    assert folders.take(tmp_path / "run", other) == tmp_path / "run-2"
    assert (tmp_path / "run" / "result").is_file()
    del one
    third = folders.Holder()
    assert folders.take(tmp_path / "run", third) == tmp_path / "run"  # as soon as it is free again, and empty
    assert not any((tmp_path / "run").iterdir())


def test_what_dead_runs_left_is_swept(tmp_path):
    """And what living ones have is not."""
    command = [sys.executable, "-c", HOLDER, str(tmp_path / "run")]
    runs = [subprocess.Popen(command, cwd=ROOT, stdin=-1, stdout=-1, text=True) for _ in range(2)]
    names = {run.stdout.readline().strip(): run for run in runs}
    assert set(names) == {str(tmp_path / "run"), str(tmp_path / "run-2")}
    dead, living = names[str(tmp_path / "run")], names[str(tmp_path / "run-2")]
    dead.kill()
    assert dead.wait() == -signal.SIGKILL
    assert (tmp_path / "run" / "half").is_file()
    with folders.scratch(tmp_path / "other"):
        assert {entry.name for entry in tmp_path.iterdir() if entry.is_dir()} == {"other", "run-2"}
        assert (tmp_path / "run-2" / "half").is_file()
    living.communicate("")
    assert not [entry for entry in tmp_path.iterdir() if entry.is_dir()]
