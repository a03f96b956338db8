# SPDX-License-Identifier: Apache-2.0
"""Row and column of a defect, from what prompts of one token leave in the signature of the array that it is in.

What comes into that array is right, so each defect that its columns can have makes values that are known, and a word
that is known: those whose words are the ones read are suspects. A via that is missing and one on the line below are the
same where the code is 1: both are told.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from models.checkpoint.checkpoint import Checkpoint
from models.checkpoint.quantised import Quantised
from models.defects.defect import ABOVE, BELOW, BITS, CELL, FLIPPED, MISSING, Defect, change, effect_on, row
from models.die.shape import Die
from models.golden.act_quantiser import act_quantiser
from models.golden.chip import Chip
from models.golden.matrix import Matrix
from models.golden.signature import Place, advanced, signatures, turned
from models.golden.stage import CHIP, Stage

INTO = {  # the stage that comes into an array, and those that leave it
    "qkv": (Stage.ATTN_NORM, (Stage.Q, Stage.K, Stage.V)),
    "o": (Stage.ATTN_OUT, (Stage.O_PROJ,)),
    "gateup": (Stage.FFN_NORM, (Stage.GATE, Stage.UP)),
    "down": (Stage.SILU_MUL, (Stage.DOWN,)),
    "head": (Stage.FINAL_NORM, (Stage.LOGITS,)),
}


def suspects(
    ckpt: Checkpoint, chip: Chip, place: Place, tokens: Sequence[int], read: Sequence[Mapping[Place, int]]
) -> list[Defect]:
    """Defects of the array at ``place`` that leave the signatures ``read``, since reset, after prompts of one token.

    ``chip`` is the golden model of ``ckpt``. The place is none of the embedding.
    """
    layer, array = place
    into, stages = INTO[array]
    steps = [_alone(chip, token) for token in tokens]
    inputs = np.array([step.stages[into, layer] for step in steps], dtype=np.int64)
    groups = act_quantiser(inputs, chip.die.act_w)
    beats = ckpt.shape.matrix_size(array, chip.die.lanes)[1] // chip.die.lanes
    good, before = dict.fromkeys(read[0], 0), 0
    words = []  # of each prompt alone: what its wrong values add
    for step, found in zip(steps, read, strict=True):
        good = signatures([step], good, chip.die.lanes)
        differs = found[place] ^ good[place]
        words.append(differs ^ int(advanced(np.array([before], dtype=np.uint32), beats)[0]))
        before = differs
    words = np.array(words, dtype=np.uint32)[:, None]
    told = []
    for part, stage in enumerate(stages):
        right = np.array([step.stages[stage, layer] for step in steps], dtype=np.int64)
        for out in range(right.shape[1]):
            beat, lane = _where(ckpt, chip.die, array, part, out)
            every, wrong = _variants(
                ckpt, chip.die, Defect(array, 0 if layer == CHIP else layer, part, out, CELL, 0, 0, MISSING)
            )
            values = wrong(*groups)
            differ = (right[:, out : out + 1] ^ values).astype(np.uint32)
            left = advanced(turned(differ, lane), beats - 1 - beat)
            told += [every[index] for index in np.flatnonzero((left == words).all(axis=0))]
    return told


def _alone(chip: Chip, token: int):
    """The step of a prompt of one token."""
    chip.reset(0)
    return chip.run(0, [token])[0]


def _where(ckpt: Checkpoint, die: Die, array: str, part: int, out: int) -> tuple[int, int]:
    """Beat and lane of a tensor's output in its array's stream."""
    modules = ckpt.shape.modules(array)
    beat, lane = divmod(out if array == "gateup" else sum(modules[:part]) + out, die.lanes)
    return (2 * beat + part if array == "gateup" else beat), lane


def _variants(ckpt: Checkpoint, die: Die, any_of: Defect) -> tuple[list[Defect], Matrix]:
    """Every defect of the output that one is in, and a matrix with a column for each."""
    words = row(ckpt, die, any_of)
    every = [one for one in _every(die, words, any_of) if not effect_on(die, words, one)]
    q, d, m, s, n = (
        None if word is None else np.repeat(word, len(every), axis=0)
        for word in (words.q, words.d, words.m, words.s, words.n)
    )
    columns = Quantised(words.kind, q, d, m, s, n)
    for index, one in enumerate(every):
        change(die, columns, one, index)
    return every, Matrix(q, d, m, die.act_w, s=s, n=n)


def _every(die: Die, words: Quantised, any_of: Defect) -> Iterator[Defect]:
    base = (any_of.array, any_of.layer, any_of.part, any_of.out)
    lines = (1 << die.cell_bits) - 1
    for piece in range(die.slices[any_of.array]):
        for at, line in enumerate((words.q[0] >> die.cell_bits * piece & lines).tolist()):
            yield Defect(*base, CELL, at, piece, MISSING)
            if line > 0:
                yield Defect(*base, CELL, at, piece, BELOW)
            if line < lines:
                yield Defect(*base, CELL, at, piece, ABOVE)
    for word in ("d", "m", *(() if words.s is None else ("s", "n"))):
        for at in range(getattr(words, word).shape[1]):
            for bit in range(BITS[word]):
                yield Defect(*base, word, at, bit, FLIPPED)
