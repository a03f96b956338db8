# SPDX-License-Identifier: Apache-2.0
"""Places have the order in which a token's values follow from each other, and go through JSON unharmed."""

import json
import random

import pytest

from models.golden.stage import CHIP, Stage
from tb.oracle import finding
from tb.oracle.finding import Divergence, Finding
from tb.oracle.place import Place

FLOW = [
    Place(slot, pos, layer, stage)
    for pos in range(2)
    for layer, stages in (
        (CHIP, list(Stage)[:1]),
        *((n, list(Stage)[1:17]) for n in range(2)),
        (CHIP, list(Stage)[17:]),
    )
    for stage in stages
    for slot in range(2)
]


def test_dataflow_order():
    shuffled = random.Random(1).sample(FLOW, len(FLOW))
    assert sorted(shuffled) == FLOW


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (Place(1, 2, 0, Stage.Q), "slot 1, position 2, layer 0, stage q"),
        (Place(0, 9, CHIP, Stage.LOGITS), "slot 0, position 9, chip, stage logits"),
    ],
)
def test_text_and_fields(place, text):
    assert str(place) == text
    assert Place.of(json.loads(json.dumps(place.fields()))) == place


def test_findings_of_a_run(tmp_path, monkeypatch):
    """Each comes back as it was; outside of a run nothing is written."""
    found = [Finding("wrong", Divergence(FLOW[-1], 7, 3, -4, 5)), Finding("late", accepted_ns=20.0), Finding("odd")]
    file = tmp_path / "findings.jsonl"
    monkeypatch.delenv(finding.VARIABLE, raising=False)
    found[0].leave()
    assert finding.read(file) == []
    monkeypatch.setenv(finding.VARIABLE, str(file))
    for one in found:
        one.leave()
    assert finding.read(file) == found
