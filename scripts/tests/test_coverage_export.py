# SPDX-License-Identifier: Apache-2.0
"""Coverage for other tools: an lcov reader, a Cobertura reader and cocotb-coverage find the totals that we print."""

import os
import shutil
import subprocess
import sys

import pytest
import yaml
from cocotb_coverage.coverage import merge_coverage
from lcov_cobertura import LcovCobertura
from pycobertura import Cobertura

from models.project import ROOT
from scripts.campaign import coverage_export
from tb.evidence.coverage import functional
from tb.evidence.coverage.code import KINDS, Code, Point

CODE = Code(
    counts={
        Point("a.sv", 2, 1, "line", "block", (2, 3)): 7,
        Point("a.sv", 4, 1, "branch", "if", (4, 5)): 3,
        Point("a.sv", 4, 2, "branch", "else"): 0,
        Point("a.sv", 6, 1, "line", "block", (6,)): 0,
        Point("a.sv", 8, 1, "branch", "if", (8,)): 2,
        Point("a.sv", 9, 1, "branch", "else", (9, 10)): 0,
        Point("a.sv", 2, 1, "toggle", "x[0]:0->1"): 1,
        Point("a.sv", 2, 1, "expr", "(a==1) => 1"): 1,
        Point("b.sv", 1, 1, "line", "block", (1,)): 1,
    },
    excluded={Point("a.sv", 9, 1, "branch", "else", (9, 10)): "a state that cannot be"},
)
TOTALS = {"line": (7, 6), "branch": (3, 2)}  # kind -> points, those that were reached


@pytest.fixture
def left(tmp_path):
    coverage_export.leave(tmp_path, CODE, "points: {}\n")
    return tmp_path


def test_totals_are_those_of_the_report():
    figures = [CODE.figures(file) for file in CODE.files]
    for kind, total in TOTALS.items():
        assert tuple(sum(one[kind][key] for one in figures) for key in ("points", "covered")) == total
    assert set(coverage_export.KINDS) < set(KINDS)


def test_a_reader_of_lcov_finds_them(left):
    """From the lines and branches alone, and from the sums that the tracefile states."""
    text = (left / "coverage.info").read_text()
    for info in (text, "\n".join(line for line in text.splitlines() if not line.startswith(("BRF", "BRH")))):
        read = LcovCobertura(info).parse()["summary"]
        assert {
            kind: (read[f"{plural}-total"], read[f"{plural}-covered"]) for kind, plural in coverage_export.KINDS.items()
        } == TOTALS
    stated = [line for line in text.splitlines() if line.startswith(("LF", "LH", "BRF", "BRH"))]
    assert stated == ["BRF:3", "BRH:2", "LF:6", "LH:5", "BRF:0", "BRH:0", "LF:1", "LH:1"]


def test_a_reader_of_cobertura_finds_them(left):
    read = Cobertura(str(left / "cobertura.xml"))
    assert read.files() == ["hdl/a.sv", "hdl/b.sv"]
    status = {(file, line): status for file in read.files() for line, status in read.line_statuses(file)}
    assert (len(status), sum(one != "miss" for one in status.values())) == TOTALS["line"]
    assert [at for at, one in status.items() if one != "hit"] == [("hdl/a.sv", 4), ("hdl/a.sv", 6)]
    assert read.branch_rate() == pytest.approx(2 / 3)


def test_what_is_left_out_is_named(left):
    note = f"hdl/a.sv: left out, with a reason in {coverage_export.REASONS}: lines: 2, branches: 1"
    assert f"# {note}\nTN:\nSF:hdl/a.sv\n" in (left / "coverage.info").read_text()
    assert (left / "cobertura.xml").read_text().endswith(f"<!-- {note} -->\n")
    assert (ROOT / coverage_export.REASONS).is_file()


@pytest.mark.skipif(not shutil.which("genhtml"), reason="lcov is not installed; its readers above are from PyPI")
def test_genhtml_finds_them(left):
    for file in CODE.files:
        (left / "hdl").mkdir(exist_ok=True)
        (left / "hdl" / file).write_text("line\n" * 10)
    command = ["genhtml", "--branch-coverage", "--output-directory", "html", "coverage.info"]
    done = subprocess.run(command, cwd=left, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "(6 of 7 lines)" in done.stdout
    assert "(2 of 3 branches)" in done.stdout


def test_coverage_points_are_read_back_and_merged(tmp_path):
    """By cocotb-coverage, whose file it is: a run merged with itself hits every bin twice as often."""
    run = tmp_path / "run.yml"
    script = "from tb.evidence.coverage.functional import Group\nGroup('g', {'a': (1, 2)})(a=1)"
    env = os.environ | {"FUNCTIONAL": str(run), "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", script], env=env, check=True)
    functional.merge([run], tmp_path / "merged.yml")
    coverage_export.leave(tmp_path, CODE, (tmp_path / "merged.yml").read_text())
    twice = tmp_path / "twice.yml"
    merge_coverage(lambda _: None, str(twice), *[str(tmp_path / "functional.yml")] * 2)
    read = yaml.safe_load(twice.read_text())
    assert read["g.a"]["bins:_hits"] == {1: 2, 2: 0}
    assert {name for name in functional.names() if name not in read} == set()
