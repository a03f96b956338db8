# SPDX-License-Identifier: Apache-2.0
"""Row and column of a defect from the signatures of a broken die, which is the golden model with it."""

import pytest

from models.checkpoint import checkpoint, tiny
from models.defects.defect import draw, effect
from models.defects.diagnosis import INTO, suspects
from models.defects.plant import planted
from models.defects.production import behind
from models.golden.chip import Chip
from models.golden.signature import places, signatures
from models.mask import etch

TOKENS = [5, 77, 9, 94]
SHAPES = {
    "4 bits, head of 8": {},
    "K-quants": tiny.WIDE | {"kinds": tiny.k_mix("Q4_K_M", tiny.WIDE["layers"])},
}


def played(ckpt, chip):
    """The signatures since reset after each of TOKENS alone."""
    found = [dict.fromkeys(places(ckpt.shape.layers), 0)]
    for token in TOKENS:
        chip.reset(0)
        found.append(signatures(chip.run(0, [token]), found[-1], chip.die.lanes))
    return found[1:]


@pytest.mark.parametrize(
    ("name", "count"), [("4 bits, head of 8", 66), pytest.param("K-quants", 84, marks=pytest.mark.night)]
)
def test_row_and_column(name, count, tmp_path):
    """Of drawn defects of the five arrays most are told by their row and column, and all are among the suspects."""
    ckpt = checkpoint.load(tiny.write(tmp_path / "tiny.gguf", **SHAPES[name]))
    chip = Chip(ckpt, etch.die_for(ckpt, kv_depth=4, rank=0), slots=1)
    told = judged = 0
    for defect in draw(ckpt, chip.die, 4, count):
        if defect.array not in INTO or effect(ckpt, chip.die, defect):
            continue
        with planted(chip, ckpt, defect):
            read = played(ckpt, chip)
        good = played(ckpt, chip)
        judged += 1
        if read == good:  # rounded away four times
            continue
        found = suspects(ckpt, chip, behind(defect), TOKENS, read)
        assert defect in found, defect
        told += len({(one.part, one.out, one.at, one.word == "cell") for one in found}) == 1
    assert told > 0.9 * judged > 20


def test_another_fault_has_no_suspect(tmp_path):
    """Words that no single defect leaves."""
    ckpt = checkpoint.load(tiny.write(tmp_path / "tiny.gguf", **tiny.LEAST))
    chip = Chip(ckpt, etch.die_for(ckpt, kv_depth=4, rank=0), slots=1)
    read = played(ckpt, chip)
    for number, found in enumerate(read):
        found[0, "o"] ^= 0x1234567 << number
    assert suspects(ckpt, chip, (0, "o"), TOKENS, read) == []
