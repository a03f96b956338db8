# SPDX-License-Identifier: Apache-2.0
"""Defects in the mask of a chip in simulation show first where, and as what, the golden model has graded them."""

from dataclasses import replace
from pathlib import Path

import pytest

from models.checkpoint import checkpoint, tiny
from models.defects.defect import draw, population
from models.defects.grade import Grade, Grader
from models.golden.chip import Chip
from tb.chip.defects import confirm
from tb.chip.job import BuiltChip
from tb.oracle.conversation import Conversation

pytestmark = pytest.mark.once
TALK = Conversation(1, [5, 87, 9], 2)
KINDS = ("via missing", "via moved", "scale bit", "gain bit", "angle bit")


class Bench:
    """A chip, and a defect of every array and kind that is seen, and one that is not, with their grades."""

    def __init__(self, path: Path, shape: dict, simulator: str) -> None:
        self.simulator = simulator
        self.chip = BuiltChip.of(checkpoint.load(tiny.write(path, **shape)), kv_depth=6, rank=0)
        grader = Grader(self.chip.ckpt, Chip(self.chip.ckpt, self.chip.die, slots=1), TALK.tokens, TALK.max_new)
        self.answer = grader.answer
        self.grades: dict[tuple[str, str], Grade] = {}
        self.strata = set(population(self.chip.ckpt.shape, self.chip.die))
        for defect in draw(self.chip.ckpt, self.chip.die, 1, 200 * len(self.strata)):
            if (stratum := (defect.array, defect.kind)) not in self.grades:
                grade = grader.grade(defect)
                if grade.first:
                    self.grades[stratum] = grade
                elif not grade.effect:
                    self.unseen = grade

    def confirm(self, grade: Grade) -> None:
        confirm(self.chip, grade, TALK, self.answer, [], simulator=self.simulator, poll=200)


@pytest.fixture(scope="module")
def least(tmp_path_factory) -> Bench:
    """On Icarus, which runs the least model before Verilator has compiled it."""
    return Bench(tmp_path_factory.mktemp("defects") / "least.gguf", tiny.LEAST, "icarus")


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind(least, kind):
    """One of each kind, in arrays that differ."""
    found = [grade for (_, its), grade in least.grades.items() if its == kind]
    least.confirm(found[KINDS.index(kind) % len(found)])


def test_a_wrong_grade_is_told(least):
    """What nothing sees leaves the answer as it is, and whoever expects something else of either is told."""
    least.confirm(least.unseen)
    seen = next(iter(least.grades.values()))
    for wrong in (
        replace(least.unseen, first=seen.first),
        replace(seen, first=replace(seen.first, got=seen.first.got + 1)),
    ):
        with pytest.raises(AssertionError, match="the RTL shows"):
            least.confirm(wrong)


@pytest.mark.night
@pytest.mark.parametrize(
    "shape", [{}, tiny.WIDE | {"kinds": tiny.k_mix("Q4_K_M", tiny.WIDE["layers"])}], ids=["4 bits", "K"]
)
def test_every_kind(shape, tmp_path):
    """Every array and kind, on the simulator that runs whole models."""
    bench = Bench(tmp_path / "tiny.gguf", shape, "verilator")
    assert set(bench.grades) == bench.strata
    for grade in bench.grades.values():
        bench.confirm(grade)
