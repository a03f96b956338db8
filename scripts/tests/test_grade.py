# SPDX-License-Identifier: Apache-2.0
"""``make grade`` as a user meets it, and the shares and intervals of its report."""

import json
import re

import pytest

from models.checkpoint import tiny
from models.defects.defect import Defect
from models.defects.grade import Grade, Sight
from models.die.shape import Die, Shape
from models.golden.stage import Stage
from scripts import grade
from scripts.campaign import grade_report
from tb.chip import defects

SHAPE = Shape(2, 64, 4, 2, 16, 96, 150, 1e-5, 1e4, 16)
DEFECT = Defect("o", 1, 0, 3, "cell", 5, 0, "missing")
FIRST = Sight(0, 1, Stage.O_PROJ, 3, 7, 8)


@pytest.fixture
def ask(give, monkeypatch, tmp_path, capsys):
    """Call the command on a tiny model: status, what it prints and complains of, the folder of its results."""
    monkeypatch.setattr(grade, "RESULTS", tmp_path)
    path = tiny.write(tmp_path / "tiny.gguf", **tiny.LEAST)

    def call(**parameters):
        give(**{"MODEL": path, "PROMPT": "Hi", "TOKENS": 2, "DEPTH": 32, "COUNT": 44} | parameters)
        return grade.main(), *capsys.readouterr(), tmp_path

    return call


def test_grade(ask):
    """Every defect with its place, level and first difference; the same for the same seed; a picture."""
    status, printed, _, folder = ask()
    found = json.loads((folder / "grade.json").read_text())
    assert status == 0 and "seed 1" in printed and "weighted" in printed
    assert len(found["grades"]) == 44 and found["confirmed"] == 0
    assert {"array", "layer", "out", "word", "at", "bit", "what", "kind", "level", "first"} <= set(found["grades"][0])
    assert {row["drawn"] for row in found["strata"]} == {2}
    assert "</svg>" in (folder / "grade.svg").read_text()
    ask()
    assert json.loads((folder / "grade.json").read_text()) == found
    ask(SEED=2)
    assert json.loads((folder / "grade.json").read_text())["grades"] != found["grades"]


def test_rtl_is_asked_to_confirm(ask, monkeypatch):
    """One of each kind that has a grade, and what the RTL shows otherwise ends the command."""
    asked = []
    monkeypatch.setattr(defects, "confirm", lambda chip, one, *_, **__: asked.append(one.defect.kind))
    assert ask(CONFIRM=1)[0] == 0
    assert sorted(asked) == ["angle bit", "gain bit", "scale bit", "via missing", "via moved"]

    def differs(*_, **__):
        raise AssertionError("graded a, the RTL shows b")

    monkeypatch.setattr(defects, "confirm", differs)
    status, _, complaint, _ = ask(CONFIRM=1)
    assert (status, complaint.splitlines()[-1]) == (1, "FAILED: graded a, the RTL shows b")


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"COUNT": 0}, "'0' is no number from 1 to 100000"),
        ({"MODEL": "/no/such/model"}, "no such checkpoint"),
        ({"PROMPT": "much longer than the KV cache of this die has positions"}, "the KV cache holds 32"),
    ],
)
def test_bad_input_is_one_line(ask, parameters, error):
    status, _, complaint, folder = ask(**parameters)
    assert status == 2
    assert re.fullmatch(rf"error: .*{error}.*\n", complaint)
    assert not (folder / "grade.json").exists()


def test_levels():
    """What sees a defect last; a harmless one, and one beyond what a die holds, have no grade."""
    every = {
        "nothing": Grade(DEFECT, ""),
        "stage": Grade(DEFECT, "", FIRST),
        "signature": Grade(DEFECT, "", FIRST, (1, "o")),
        "logits": Grade(DEFECT, "", FIRST, (1, "o"), 0),
        "token": Grade(DEFECT, "", FIRST, (1, "o"), 0, 1),
        "harmless": Grade(DEFECT, "harmless"),
    }
    assert {name: each.level for name, each in every.items()} == {name: name for name in every}
    assert [level for level in grade_report.LEVELS if grade_report.seen(every["logits"], level)] == [
        "stage",
        "signature",
        "logits",
    ]
    found = grade_report.figures(list(every.values()), SHAPE, Die(kv_depth=8))
    (row,) = (row for row in found["strata"] if row["drawn"])
    assert (row["array"], row["kind"], row["possible"], row["judged"], row["harmless"]) == (
        "o", "via missing", 2 * 64 * 64, 5, 1
    )  # fmt: skip
    assert [row[level]["share"] for level in grade_report.LEVELS] == [0.8, 0.6, 0.4, 0.2]
    assert [found["all"][level]["share"] for level in grade_report.LEVELS] == pytest.approx([0.8, 0.6, 0.4, 0.2])


def test_a_rare_kind_counts_little():
    """The share of all is weighted by how many defects a die can have."""
    gain = Defect("attn_norm", 0, 0, 0, "gain", 1, 0, "flipped")
    found = grade_report.figures([Grade(DEFECT, "", FIRST), Grade(gain, "")], SHAPE, Die(kv_depth=8))
    assert found["all"]["stage"]["share"] == pytest.approx(8192 / (8192 + 2 * 64 * 32))


def test_intervals():
    """Wilson's, from his formula by hand: 50 of 100, all of 45, none of none."""
    assert grade_report.wilson(50, 100) == pytest.approx((0.4038, 0.5962), abs=1e-4)
    assert grade_report.wilson(45, 45) == pytest.approx((0.9213, 1.0), abs=1e-4)
    assert grade_report.wilson(0, 0) == (0.0, 1.0)
