# SPDX-License-Identifier: Apache-2.0
"""``make upsets`` as a user meets it, and the shares of its report."""

import json

import pytest

from scripts import upsets
from scripts.campaign import upsets_report
from tb.cartridge.upset_die import UpsetDie
from tb.evidence.upsets.upset import Aftermath, Flop, Upset

FLOPS = [Flop("a", "u_a.x_q", (), 30), Flop("b", "u_b.x_q", (2,), 5)]
OUTCOMES = [
    Aftermath(0),
    Aftermath(1, stages={1: "token 0, layer 0, q"}, streams=[1]),
    Aftermath(2, hung=[0], restarted=True, flags=["stalled"]),
    Aftermath(3, stages={0: "x"}, answers=[1]),
]


@pytest.fixture
def ask(give, monkeypatch, tmp_path, capsys):
    """Call the command on a die that is not simulated: status, what it prints, the folder of its results."""
    monkeypatch.setattr(upsets, "RESULTS", tmp_path)
    monkeypatch.setattr(UpsetDie, "of", classmethod(lambda cls, view: cls(None)))
    monkeypatch.setattr(UpsetDie, "flops", lambda self: FLOPS)
    asked = []

    def hit(self, drawn, **how):
        asked.append(how)
        return [OUTCOMES[upset.number] for upset in drawn]

    monkeypatch.setattr(UpsetDie, "hit", hit)

    def call(**parameters):
        give(**parameters)
        return upsets.main(), capsys.readouterr().out, tmp_path, asked[-1]

    return call


def test_upsets(ask):
    """A table, every upset in the JSON file, a picture."""
    status, printed, folder, how = ask(COUNT=4)
    found = json.loads((folder / "upsets.json").read_text())
    assert status == 0 and "seed 1" in printed and "40 flip-flops" in printed and how["watched"]
    assert [one["kind"] for one in found["upsets"]] == ["masked", "wrong", "hung", "disturbed"]
    assert "</svg>" in (folder / "upsets.svg").read_text()
    assert not ask(COUNT=4, WATCHDOG=0)[3]["watched"]


def test_one_upset(ask):
    """What it hit and what became of it; no file."""
    status, printed, folder, _ = ask(UPSET=2)
    assert status == 0 and "hung" in printed and not (folder / "upsets.json").exists()


def test_report():
    """Of every module its counts; of all the shares by bits; who hears of harm, and what a restart mends."""
    drawn = [Upset(n, "ab"[n % 2], f"u_{'ab'[n % 2]}.x_q", [], 0, 0.5) for n in range(4)]
    found = upsets_report.figures(FLOPS, drawn, OUTCOMES)
    a, b = found["modules"]
    assert (a["masked"], a["hung"], a["silent"], a["lasting"]) == (1, 1, 0, 0)
    assert (b["wrong"], b["by signature"], b["disturbed"], b["silent"]) == (1, 1, 1, 1)
    assert found["all"]["hung"]["share"] == pytest.approx(0.375) and found["all"]["wrong"]["share"] == pytest.approx(
        0.125
    )


def test_outcomes():
    """The worst counts; the tokens see before signatures, these before stages."""
    assert [outcome.seen for outcome in OUTCOMES] == ["", "signature", "", "tokens"]
    assert Aftermath(0, silent_port=True).kind == Aftermath(0, lost=[1]).kind == "hung"
    assert Aftermath(0, told=["refused"]).kind == Aftermath(0, flags=["stalled"]).kind == "flagged"
    assert not Aftermath(0, hung=[1], restarted=True, answers=[1]).mended
    assert Aftermath(0, stages={1: "x"}).silent and not Aftermath(0, stages={1: "x"}, flags=["sram_failed"]).silent
