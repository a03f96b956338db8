# SPDX-License-Identifier: Apache-2.0
"""``make mutate`` as a user meets it: a killed mutant, a missed one, a harmless one, and bad input."""

import json

import pytest

from models.project import HDL, ROOT
from scripts import mutate
from scripts.campaign import mutate_report
from scripts.campaign.mutate_report import MutantVerdict
from scripts.campaign.result import Run, judge
from tb.evidence.mutation import golden
from tb.evidence.mutation.mutants import mutants

EVERY = mutants(HDL)
BENCH = "tb/clk_gate/test_clk_gate.py::test_clk_gate[icarus]"
PASSED = '<testsuite><testcase classname="tb.a.test_a" name="test_a[b.c]"/></testsuite>'
FAILED = PASSED.replace("/><", '><failure message="AssertionError: lane 3"/></testcase><')
HUNG = FAILED.replace("<testcase", f'<testcase time="{mutate.TEST_S}.2"')


@pytest.fixture
def ask(give, monkeypatch, capsys, tmp_path):
    """Call the command on a copy of the project, with one bench: status, what it prints and complains of, figures."""
    for entry in ROOT.iterdir():
        if entry.name != "build" and not entry.name.startswith("."):
            (tmp_path / entry.name).symlink_to(entry)
    monkeypatch.setattr(mutate, "collect_benches", lambda *_, **__: [(BENCH, False)])

    def call(**parameters):
        give(**parameters)
        status = mutate.main(tmp_path)
        file = tmp_path / "build" / "results" / "mutate.json"
        return status, *capsys.readouterr(), json.loads(file.read_text()) if file.exists() else None

    return call


def mutant(module, mutated):
    (found,) = [mutant for mutant in EVERY[module] if mutant.mutated == mutated]
    return found


def test_killed_missed_and_harmless(ask, monkeypatch):
    """One in three is harmless, and one of the others is missed, which is too many."""
    killed = mutant("clk_gate", "if (clk_i) en_q = en_i || test_en_i;")
    missed, harmless = EVERY["divider"][:2]
    monkeypatch.setattr(mutate, "draw", lambda *_: [killed, missed, harmless])
    monkeypatch.setattr(mutate, "uses", lambda _: {"clk_gate": {"clk_gate", "divider"}})
    monkeypatch.setattr(mutate.harmless, "load", lambda *_: {harmless.name: "for a reason"})
    status, said, _, figures = ask(COUNT=3, SEED=5)
    assert status == 1
    assert [result["status"] for result in figures["results"]] == ["killed", "missed", "harmless"]
    assert (figures["seed"], figures["missed_share"], figures["enough"]) == (5, 0.5, False)
    assert figures["results"][0]["by"] == BENCH
    assert figures["results"][0]["said"]
    assert figures["results"][2]["said"] == "for a reason"
    assert f"MISSED {missed}" in said and f"again: make mutate MUTANT={missed.name}" in said
    assert "1 killed, 1 missed, 1 harmless" in said


def test_one_again(ask):
    name = mutant("clk_gate", "if (clk_i) en_q = en_i || test_en_i;").name
    status, said, _, figures = ask(MUTANT=name)
    assert (status, figures["killed"], figures["mutants"]) == (0, 1, 1)
    assert name in said


@pytest.mark.parametrize(
    ("parameters", "complaint"),
    [
        ({"COUNT": "0"}, "'0' is no number from 1"),
        ({"SEED": "x"}, "'x' is no number from 0"),
        ({"SIDE": "left"}, "unknown side 'left'"),
        ({"MUTANT": "warp-1"}, "no mutant is named 'warp-1'"),
        ({"MUTANT": "clk_gate-99"}, "there are clk_gate-1 to clk_gate-"),
        ({"MUTANT": "clk_gate-1", "CLUSTER": "moon"}, "unknown cluster 'moon'"),
    ],
)
def test_bad_input(ask, parameters, complaint):
    status, _, complained, figures = ask(**parameters)
    assert status == 2
    assert complaint in complained and complained.count("\n") == 1
    assert figures is None


def test_a_stopped_campaign_goes_on(ask, monkeypatch, tmp_path):
    """What was judged is not tried again, unless anything has changed that it was judged by."""
    killed = mutant("clk_gate", "if (clk_i) en_q = en_i || test_en_i;")
    monkeypatch.setattr(mutate, "draw", lambda *_: [killed])
    kept, stopped = tmp_path / "build" / "mutate" / "hdl.jsonl", mutate.try_mutants

    def stop(*arguments) -> None:
        stopped(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(mutate, "try_mutants", stop)
    assert ask(RESUME=1)[2].startswith("error: there are no mutants to go on from")
    status, said, *_ = ask(COUNT=1)
    assert status == 130 and "`make mutate COUNT=1 RESUME=1` goes on with" in said
    monkeypatch.setattr(mutate, "try_mutants", stopped)
    monkeypatch.setattr(mutate, "plant", lambda *_: pytest.fail("it was tried again"))
    status, _, _, figures = ask(COUNT=1, RESUME=1)
    assert (status, figures["killed"], figures["results"][0]["by"]) == (0, 1, BENCH)
    kept.write_text("of another tree\n")
    assert ask(COUNT=1, RESUME=1)[2].startswith("error: hdl, models, tb have changed since")


def test_a_red_bench_kills_nothing(ask, monkeypatch):
    """A bench that fails on the RTL as it is says nothing about a mutant."""
    monkeypatch.setattr(
        mutate, "try_mutants", lambda *_: [MutantVerdict(EVERY["divider"][0], "killed", "tb/no_such_test.py")]
    )
    status, printed, _, figures = ask()
    assert (status, figures["killed"], figures["unjudged"], figures["enough"]) == (1, 0, 1, False)
    assert "fails without a mutant" in figures["results"][0]["said"] and "1 unjudged" in printed


def test_the_choice_is_the_seeds():
    first, again, other = (mutate.draw(EVERY, seed) for seed in (1, 1, 2))
    assert first == again != other
    assert {mutant.module for mutant in first[: len(EVERY)]} == EVERY.keys()
    assert sorted(first, key=id) == sorted((mutant for those in EVERY.values() for mutant in those), key=id)


@pytest.mark.parametrize(
    ("status", "report", "runs", "wanted"),
    [
        (0, PASSED, [("passed", False)], ("missed", "", "")),
        (1, FAILED, [("failed", True)], ("killed", "tb/a/test_a.py::test_a[b.c]", "lane 3")),
        (1, FAILED, [("failed", False)], ("killed", "tb/a/test_a.py::test_a[b.c]", "AssertionError: lane 3")),
        (1, FAILED, [("passed", False), ("unbuilt", True)], ("unbuilt", "", "")),
        (1, FAILED, [("unbuilt", False)], ("killed", "tb/a/test_a.py::test_a[b.c]", "AssertionError: lane 3")),
        (1, HUNG, [("running", False)], ("hung", "tb/a/test_a.py::test_a[b.c]", "lane 3")),
        (1, None, [("passed", False), ("running", False)], ("hung", "run 1", "no end, no test ran")),
    ],
)
def test_verdicts(status, report, runs, wanted):
    """By the record of the simulation of which a test failed, or in which the process was killed."""
    common = {"bench": "b", "simulator": "icarus", "seed": 1, "replay": "", "folder": "", "hdl": "", "sources": []}
    records = [
        common | {"test": f"run {n}", "verdict": verdict, "fatal": fatal, "message": "lane 3"}
        for n, (verdict, fatal) in enumerate(runs)
    ]
    result = judge(Run("divider-1", 1), status, 1.0, "", report, records)
    verdict = mutate.judge_mutant(EVERY["divider"][0], result)
    assert ("hung" if verdict.hung else verdict.status, verdict.by) == wanted[:2]
    assert verdict.status == "killed" or not verdict.hung
    assert verdict.said.startswith(wanted[2])


@pytest.mark.parametrize(("killed", "missed", "enough"), [(20, 0, True), (39, 2, True), (38, 2, False), (0, 0, False)])
def test_fewer_than_one_in_twenty(killed, missed, enough):
    verdicts = [MutantVerdict(EVERY["divider"][0], "killed")] * killed + [
        MutantVerdict(EVERY["divider"][1], "missed")
    ] * missed
    assert mutate_report.figures(verdicts, 1)["enough"] is enough


def test_benches_of_a_module():
    """Every design that uses it, quick ones first; a module that nothing uses has none."""
    nodes = [
        "tb/chip/t.py::t[verilator]",
        "tb/softmax/t.py::t[verilator]",
        "tb/softmax/t.py::t[icarus]",
        "tb/rope/t.py::t",
    ]
    uses = {"chip": {"chip", "exp2"}, "softmax": {"softmax", "exp2"}, "rope": {"rope"}}
    campaign = mutate.Campaign(ROOT, "hdl", nodes, uses, {}, None)
    assert campaign.of("exp2") == [nodes[2], nodes[1], nodes[0]]
    assert campaign.of("warp") == []
    side = mutate.Campaign(ROOT, "models", ["models/tests/t.py", *nodes], uses, {}, None)
    assert side.of("golden.softmax") == ["models/tests/t.py", nodes[2], nodes[1], nodes[0]]


def test_a_mutant_of_the_golden_model(ask, monkeypatch):
    """Its own tests find it, in a copy of models/."""
    *_, wrong = golden.mutants(ROOT / "models")["golden.argmax"]
    by = "models/tests/test_golden_operators.py::test_argmax_takes_the_lowest_index"
    monkeypatch.setattr(mutate, "GOLDEN", (by,))
    monkeypatch.setattr(mutate, "draw", lambda *_: [wrong])
    status, said, *_ = ask(COUNT=1, SIDE="golden")
    assert status == 0 and "1 killed, 0 missed" in said
    assert MutantVerdict(wrong, "killed", by).replay == f"make mutate MUTANT={wrong.name} SIDE=golden"
