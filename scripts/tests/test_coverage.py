# SPDX-License-Identifier: Apache-2.0
"""The coverage command: a bench is measured, and what is missing from the reach is told."""

import copy

import pytest

from scripts import coverage
from scripts.campaign import coverage_report
from tb.evidence.coverage.code import Code, Point
from tb.evidence.plan.plan import Testpoint

COUNTS = {
    Point("m.sv", 2, 1, "line", "block", (2, 3)): 1,
    Point("m.sv", 3, 1, "branch", "if", (3,)): 1,
    Point("m.sv", 3, 2, "branch", "else"): 1,
    Point("m.sv", 4, 1, "toggle", "x[0]:0->1"): 1,
    Point("m.sv", 5, 1, "expr", "(a==1) => 1"): 1,
}
HITS = {"m.a": {"low": 3, "high": 1}}
PLAN = [Testpoint("p", "f", ("m",), "V1", "what must hold", ("t",), ("m.a",))]


def figures(counts=COUNTS, hits=HITS, excuses=None):
    return coverage_report.figures(Code(counts), hits, PLAN, excuses or {})


def test_everything_reached():
    data = figures()
    assert coverage_report.problems(data) == []
    assert data["testpoints"] == [{"name": "p", "feature": "f", "stage": "V1", "bins": 2, "hit": 2}]
    assert data["code"]["totals"]["branch"]["covered"] == 2
    assert data["code"]["files"]["m.sv"]["lines"] == {"2": 1, "3": 1}


@pytest.mark.parametrize("kind", ["line", "branch", "toggle", "expr"])
def test_code_below_the_reach(kind):
    counts = {point: 0 if point.kind in (kind, "branch" if kind == "line" else kind) else 1 for point in COUNTS}
    (problem, *_) = [text for text in coverage_report.problems(figures(counts)) if text.startswith(kind)]
    assert problem == f"{kind}: 0.00 % of hdl/ is below {coverage_report.REACH[kind]} %, and no reason is given"
    excused = figures(counts, excuses={kind: "because"})
    assert not [text for text in coverage_report.problems(excused) if text.startswith(kind)]
    assert excused["code"]["totals"][kind]["shortfall"] == "because"


def test_an_excuse_for_nothing_is_stale():
    assert coverage_report.problems(figures(excuses={"line": "because"})) == ["stale shortfall: line is at 100.00 %"]


def test_a_bin_that_was_never_hit():
    hits = copy.deepcopy(HITS)
    hits["m.a"]["high"] = 0
    assert coverage_report.problems(figures(hits=hits)) == ["coverage point m.a was not full: high"]


def test_a_bench_is_measured(monkeypatch, capsys):
    """Code and coverage points of one bench, and no verdict on the rest."""
    monkeypatch.setenv("TEST", "tb/clk_gate")
    assert coverage.main() == 0
    printed = capsys.readouterr().out
    assert "1 runs, 1 seeds from 1" in printed
    row = next(line for line in printed.splitlines() if "clk_gate.sv" in line)
    assert row.count("100.0 %") == 4
    points = next(line.split() for line in printed.splitlines() if " clk_gate " in line)
    assert points[-4] == points[-2], f"bins and hits of {points}"


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("SIM", "icarus", "coverage is counted by verilator"),
        ("SEEDS", "0", "is no number from 1"),
        ("TEST", "no_bench", "no bench"),
    ],
)
def test_a_bad_parameter_is_one_line(name, value, says, monkeypatch, capsys):
    monkeypatch.setenv(name, value)
    assert coverage.main() == 2
    error = capsys.readouterr().err
    assert says in error
    assert error.count("\n") == 1
