# SPDX-License-Identifier: Apache-2.0
"""What the runner says of a run: its record, and what it does where Verilator refuses the RTL."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from models import space
from models.errors import InputError
from models.project import ROOT
from tb.rig import record
from tb.rig.record import Record, RunError
from tb.rig.record_tests import DIVERGENCE
from tb.rig.runner import run

NODE = "tb/rig/test_runner.py::"
REFUSED = """
module refused_part (input logic [3:0] a_i, output logic [7:0] y_o);
  /* verilator hier_block */
  assign y_o = a_i;
endmodule
module refused (input logic [3:0] a_i, output logic [7:0] y_o);
  refused_part u_part (.a_i, .y_o);
endmodule
"""


@pytest.fixture
def simulate(tmp_path, monkeypatch):
    """Runs tests that end as they are told; gives the record on file, which is the one in RECORDS."""
    source = tmp_path / "empty.sv"
    source.write_text("module empty;\nendmodule\n")
    (tmp_path / "records").mkdir()
    monkeypatch.setenv(record.VARIABLE, str(tmp_path / "records"))

    def call(end: str) -> Record:
        try:
            made = run(
                "empty", "tb.rig.record_tests", simulator="icarus", sources=(source,), env={"END": end}, replay="again"
            )
        except RunError as failure:
            made = failure.record
        fields = json.loads(Path(made.folder, record.NAME).read_text())
        assert [json.loads(file.read_text()) for file in (tmp_path / "records").iterdir()] == [fields]
        assert Record.of(fields) == made
        return made

    return call


def test_a_run_that_passes(simulate):
    made = simulate("well")
    assert (made.verdict, made.problem, made.message, made.said) == ("passed", "", "", "")
    assert made.test == f"{NODE}test_a_run_that_passes"
    assert (made.bench, made.simulator, made.replay) == ("empty", "icarus", "again")
    assert made.run_seconds > 0


def test_a_run_has_its_own_settings_of_cocotb(tmp_path, monkeypatch):
    """Not those of the user, and all of its own: cocotb imports conftest.py inside the simulator too."""
    monkeypatch.setenv("COCOTB_TEST_FILTER", "nothing")
    source = tmp_path / "empty.sv"
    source.write_text("module empty;\nendmodule\n")
    only = {"END": "well", "COCOTB_TEST_FILTER": "as_asked$"}
    made = run("empty", "tb.rig.record_tests", simulator="icarus", sources=(source,), env=only, replay="again")
    assert Path(made.folder, "results.xml").read_text().count("<testcase ") == 1


def test_a_run_that_diverges(simulate):
    made = simulate("divergence")
    assert (made.verdict, made.failed_test, round(made.stopped_ns)) == ("failed", "as_asked", 25)
    assert (made.divergence, made.accepted_ns) == (DIVERGENCE, 12.0)
    assert made.said == str(DIVERGENCE)
    assert made.problem == "1 of 2 tests failed (as_asked)"


def test_a_run_that_fails_otherwise(simulate):
    made = simulate("words")
    assert (made.divergence, made.accepted_ns) == (None, None)
    assert made.said == "lane 3: 7 for 8"
    assert str(RunError(made)) == f"lane 3: 7 for 8\n{made.test}: 1 of 2 tests failed (as_asked); replay: again"


def test_two_runs_at_once(simulate, tmp_path, monkeypatch):
    """The same bench in one checkout: each has a folder of its own, results and all."""
    one = simulate("well")
    for file in (tmp_path / "records").iterdir():
        file.unlink()
    other = simulate("words")  # while somebody has the first
    assert one.folder != other.folder
    assert json.loads(Path(one.folder, record.NAME).read_text())["verdict"] == "passed"


def test_a_killed_simulator_is_said_to_be(simulate):
    made = simulate("kill")
    assert (made.verdict, made.said) == ("failed", "the simulator was killed by SIGKILL before it had results")


def test_all_that_is_built_goes_elsewhere(tmp_path):
    """With BUILD=folder."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"{NODE}test_a_run_that_passes"]
    env = os.environ | {"BUILD": str(tmp_path)}
    before = {entry: entry.stat().st_mtime_ns for entry in (ROOT / "build").glob("*/*")}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert [made.name.split("-")[0] for made in (tmp_path / "sim" / "icarus").iterdir()] == ["empty"]
    if "PYTEST_XDIST_WORKER" not in os.environ:  # else other tests build
        assert {entry: entry.stat().st_mtime_ns for entry in (ROOT / "build").glob("*/*")} == before


def test_a_refused_design_is_refused_for_the_same_reason_again(tmp_path, capfd):
    """What the first attempt leaves must not hide it."""
    source = tmp_path / "refused.sv"
    source.write_text(REFUSED)
    for _ in range(2):
        with pytest.raises(RunError, match="the build of refused failed") as failure:
            run("refused", "none", simulator="verilator", sources=(source,), build_args=("--hierarchical",))
        assert failure.value.record.verdict == record.UNBUILT
        assert "WIDTHEXPAND" in capfd.readouterr().out


@pytest.mark.parametrize("words", [("the disk", True), ("No space left on device", False)])
def test_a_disk_that_fills_while_it_builds(words, tmp_path, monkeypatch):
    """Whatever the tools make of it (an empty makefile: "No targets"), the reason is told: by the disk, or by them."""
    said, full = words
    source = tmp_path / "broken.sv"
    source.write_text(f"module broken; {said}\n")  # the compiler prints the line that it refuses
    monkeypatch.setattr(space, "free", lambda folder: 0 if full else 1 << 30)
    with pytest.raises(InputError, match=r"no space left: .* MB are free, and SmolLM2 takes .*/broken-"):
        run("broken", "none", simulator="verilator", sources=(source,))


def test_a_disk_that_fills_while_it_runs(simulate, monkeypatch):
    """A trace or a result that is cut short fails in many ways; a run that passes needs no room."""
    monkeypatch.setattr(space, "free", lambda folder: 0)
    assert simulate("well").verdict == "passed"
    with pytest.raises(InputError, match=r"no space left: .*/runs/"):
        simulate("words")
