# SPDX-License-Identifier: Apache-2.0
"""A die with a defect in simulation: what the RTL shows first is what the golden model has graded, to the last bit."""

import tempfile
from dataclasses import replace
from pathlib import Path

from models.defects.grade import Grade
from models.mask.damage import damage
from models.project import BUILD
from tb.chip.job import BuiltChip
from tb.oracle.conversation import Conversation
from tb.oracle.finding import Divergence
from tb.oracle.place import Place
from tb.rig.record import RunError

ALONE = {"test": "one_after_another", "plusargs": ("+verilator+noassert",)}  # by the scoreboard alone


def expected(grade: Grade, talk: Conversation, answer: list[int]) -> Divergence | None:
    """What a run of ``talk``, to which ``answer`` is the good answer, must name; None if it must pass."""
    if grade.first is None:
        return None
    first, tokens = grade.first, [*talk.tokens, *answer]
    place = Place(talk.slot, first.pos, first.layer, first.stage)
    return Divergence(place, tokens[first.pos], first.index, first.expected, first.got)


def confirm(chip: BuiltChip, grade: Grade, talk: Conversation, answer: list[int], stop: list[int], **run) -> None:
    """Simulate ``talk`` with a graded defect in the mask. AssertionError unless the RTL shows what was graded.

    ``run`` are settings of ``BuiltChip.run``.
    """
    (BUILD / "masks").mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=BUILD / "masks", prefix=".defect-") as scratch:
        mask = damage(chip.mask, Path(scratch, "mask"), chip.ckpt.shape, chip.die, grade.defect)
        try:
            replace(chip, mask=mask).run([talk], stop, **ALONE, **run)
            found = None
        except RunError as failure:
            found = failure.record.divergence
            if found is None:
                raise
    wanted = expected(grade, talk, answer)
    if found != wanted:
        raise AssertionError(f"{grade.defect}: graded {wanted or 'unseen'}, the RTL shows {found or 'nothing'}")
