# SPDX-License-Identifier: Apache-2.0
"""Defects of a mask: drawn everywhere, graded as a whole run of the golden model would, and the same in the images."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from models.checkpoint import checkpoint, tiny
from models.defects.defect import NORMS, ROPE, Defect, draw, effect, population, row, value
from models.defects.grade import Grader
from models.defects.plant import planted
from models.die.shape import EMBED, MATRICES
from models.errors import InputError
from models.golden import chip as golden
from models.golden.chip import Chip, Step
from models.golden.signature import places, signatures
from models.golden.stage import CHIP, Stage
from models.mask import decode, etch
from models.mask.damage import damage

PROMPT, ANSWERS, DEPTH = [5, 6, 9, 131, 77], 3, 10
MODELS = {
    "4 bits, head of 8": {},
    "3 and 6 bits, a head of its own": {"kinds": tiny.MIX, "tied": False},
    "K-quants": tiny.WIDE | {"kinds": tiny.k_mix("Q4_K_M", tiny.WIDE["layers"])},
    "K-quants and plain kinds in one array": tiny.WIDE | {"kinds": {"attn_q": "Q4_K", "attn_v": "Q6_K"}},
}


@pytest.fixture(scope="module")
def make(tmp_path_factory):
    """Checkpoint and die of one of MODELS."""

    def build(name):
        ckpt = checkpoint.load(tiny.write(tmp_path_factory.mktemp("defects") / "tiny.gguf", **MODELS[name]))
        return ckpt, etch.die_for(ckpt, kv_depth=DEPTH, rank=0)

    return build


def order(place):
    """Of (position, layer, stage) in dataflow."""
    pos, layer, stage = place
    return pos, -1 if stage is Stage.EMBEDDING else layer, stage


def whole(chip):
    """A conversation as the golden worker plays it: stages by (position, layer, stage), and the answer."""
    chip.reset(0)
    stages, answer, given = {}, [], PROMPT
    for _ in range(ANSWERS):
        for step in chip.run(0, given):
            stages |= {(step.pos, layer, stage): values for (stage, layer), values in step.stages.items()}
        answer.append(step.token_out)
        given = answer[-1:]
    return stages, answer


def signed(stages, layers, lanes, count):
    """The signatures of the first tokens of a conversation."""
    steps = [
        Step(0, pos, 0, {(stage, layer): values for (at, layer, stage), values in stages.items() if at == pos}, None)
        for pos in range(count)
    ]
    return signatures(steps, dict.fromkeys(places(layers), 0), lanes)


@pytest.mark.parametrize("name", MODELS)
def test_a_grade_is_what_a_whole_run_shows(make, name):
    """First difference, answers whose logits differ, first other token; and nothing of a defect stays behind."""
    ckpt, die = make(name)
    chip = Chip(ckpt, die, slots=1)
    grader = Grader(ckpt, Chip(ckpt, die, slots=1), PROMPT, ANSWERS)
    good, answer = whole(chip)
    assert grader.answer == answer
    levels = Counter()
    for defect in draw(ckpt, die, 3, 80):
        grade = grader.grade(defect)
        levels[grade.level] += 1
        if grade.effect:
            continue
        with planted(chip, ckpt, defect):
            bad, other = whole(chip)
        wrong = [index for index in range(ANSWERS) if answer[index] != other[index]]
        assert grade.token == (wrong[0] if wrong else None), defect
        differ = [place for place in good if not np.array_equal(good[place], bad[place])]
        first = min(differ, key=order, default=None)
        assert (grade.first and (grade.first.pos, grade.first.layer, grade.first.stage)) == first, defect
        if first:
            expected, got = good[first].ravel(), bad[first].ravel()
            index = np.flatnonzero(expected != got)[0]
            assert (grade.first.index, grade.first.expected, grade.first.got) == (index, expected[index], got[index])
        ours, theirs = (signed(found, ckpt.shape.layers, die.lanes, len(grader.tokens)) for found in (good, bad))
        other = [at for at in places(ckpt.shape.layers) if ours[at] != theirs[at]]
        if grade.token is None:  # else other tokens are fed back
            assert grade.signature == grader.signed(defect) == (other[0] if other else None), defect
        logits = [pos for pos, layer, stage in differ if (layer, stage) == (CHIP, Stage.LOGITS)]
        assert grade.logits == (min(logits) - len(PROMPT) + 1 if logits else None), defect
    assert {"nothing", "logits", "token"} <= set(levels)
    again, same = whole(grader.chip)
    assert same == answer and all(np.array_equal(again[place], good[place]) for place in good)


@pytest.mark.parametrize("name", MODELS)
def test_a_damaged_mask_is_the_same_die(make, name, tmp_path):
    """What the decoder finds in the one image that differs is what the golden model was told, and nothing else."""
    ckpt, die = make(name)
    mask = etch.etch(ckpt, die, tmp_path / "mask")
    chip = Chip(ckpt, die, slots=1)
    for number, defect in enumerate(draw(ckpt, die, 5, 60)):
        bad = damage(mask, tmp_path / f"bad{number}", ckpt.shape, die, defect)
        assert len([file for file in bad.iterdir() if not file.is_symlink()]) == 1
        if defect.array in NORMS:
            pairs = [(image, ckpt.gains[key].view(np.uint32)) for key, image in decode.gains(bad, ckpt.shape)]
            ((image, right),) = [(image, right) for image, right in pairs if (image.words != right).any()]
            assert (image.array, image.layer) == (defect.array, defect.layer)
            assert np.flatnonzero(image.words != right).tolist() == [defect.at]
            assert image.words[defect.at] == defect.of(value(ckpt, die, defect))
        elif defect.array == ROPE:
            _, sin, cos = decode.angles(bad, ckpt.shape, die)
            with planted(chip, ckpt, defect):
                for table, right in zip((cos, sin), chip.layers[-1].table, strict=True):
                    np.testing.assert_array_equal(table, right)
        else:
            same_row(ckpt, die, bad, defect)


def same_row(ckpt, die, mask, defect):
    """One output of one tensor holds the defect."""
    parts = [
        one for one in decode.matrices(mask, ckpt.shape, die, tied="output.weight" not in ckpt.tensors) if one.name
    ]
    mine = [one for one in parts if (one.cells.array, one.cells.layer) == (defect.array, defect.layer)]
    stored = mine[defect.part]
    right = row(ckpt, die, defect)
    wrong = defect.of(value(ckpt, die, defect))
    got = {name: getattr(stored, name) for name in ("d", "m", "s", "n")} | {"q": stored.codes(slice(0, right.shape[1]))}
    if defect.word == "cell":
        code = int(got["q"][defect.out, defect.at])
        assert code >> die.cell_bits * defect.bit & (1 << die.cell_bits) - 1 == wrong
        got["q"][defect.out, defect.at] = right.q[0, defect.at]
    else:
        words = got[defect.word]
        at = defect.at * (words.shape[1] // getattr(right, defect.word).shape[1])
        assert int(words[defect.out, at]) & (1 << 8 * words.itemsize) - 1 == wrong
        words[defect.out, at] = getattr(right, defect.word)[0, defect.at]
    np.testing.assert_array_equal(got["q"][defect.out], right.q[0])
    for name in ("d", "m"):
        np.testing.assert_array_equal(got[name][defect.out], getattr(right, name)[0])


def test_a_draw_reaches_everything(make):
    """Each array and kind alike, every part, layer, word and way to be wrong; more defects begin with fewer."""
    ckpt, die = make("K-quants")
    strata = population(ckpt.shape, die)
    defects = draw(ckpt, die, 1, 100 * len(strata))
    assert defects[:150] == draw(ckpt, die, 1, 150) != draw(ckpt, die, 2, 150)
    assert Counter((defect.array, defect.kind) for defect in defects) == dict.fromkeys(strata, 100)
    assert {defect.what for defect in defects} == {"missing", "below", "above", "flipped"}
    assert {defect.word for defect in defects} == {"cell", "d", "m", "s", "n", "gain", "sin", "cos"}
    assert {(d.array, d.part) for d in defects if d.array in MATRICES} == {
        ("qkv", 0), ("qkv", 1), ("qkv", 2), ("o", 0), ("gateup", 0), ("gateup", 1), ("down", 0), ("head", 0)
    }  # fmt: skip
    assert {defect.layer for defect in defects if defect.array == "o"} == set(range(ckpt.shape.layers))
    assert {array for array, _ in strata} == {*MATRICES, EMBED, *NORMS, ROPE}
    for defect in defects:
        if defect.what in ("below", "above"):
            assert 0 <= defect.of(value(ckpt, die, defect)) < 1 << die.cell_bits


def test_effects(make):
    """A via that is missing where nothing would pull, and words that no die holds."""
    ckpt, die = make("4 bits, head of 8")
    q = ckpt.matrix("o", 0)[0].q
    out, at = np.argwhere(q == 0)[0].tolist()
    missing = Defect("o", 0, 0, out, "cell", at, 0, "missing")
    assert effect(ckpt, die, missing) == "harmless"
    assert effect(ckpt, die, replace(missing, what="above")) == ""
    large = Defect("o", 0, 0, 0, "d", 0, 14, "flipped")  # of an exponent below 15
    assert effect(ckpt, die, large) == "beyond"
    assert effect(ckpt, die, replace(large, bit=0)) == ""
    assert effect(ckpt, die, Defect("attn_norm", 0, 0, 0, "gain", 3, 30, "flipped")) == "beyond"


def test_too_large_to_grade(make, monkeypatch):
    ckpt, die = make("4 bits, head of 8")
    monkeypatch.setattr(golden, "HELD", 1)
    with pytest.raises(InputError, match="too large for its defects to be graded"):
        Grader(ckpt, Chip(ckpt, die, slots=1), PROMPT, 1)
