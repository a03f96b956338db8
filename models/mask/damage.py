# SPDX-License-Identifier: Apache-2.0
"""A defect in a mask: the one digit or bit of an image in which a die with it differs (docs/masks.md, faults.md)."""

import shutil
from pathlib import Path

import numpy as np

from models.defects.defect import CELL, NORMS, ROPE, Defect
from models.die.shape import EMBED, GROUP, Die, Shape
from models.mask.image import DIGITS, WORD, Kind, disturb, file_of


def damage(mask: Path, out: Path, shape: Shape, die: Die, defect: Defect) -> Path:
    """Make ``out`` a mask like ``mask`` but for a defect: links to its files, and a copy of the one that differs."""
    kind, index, low, width = _place(shape, die, defect)
    name = file_of(defect.array, defect.layer, kind)
    out.mkdir(parents=True)
    for file in mask.iterdir():
        if file.name != name:
            (out / file.name).symlink_to(file.resolve())
    shutil.copyfile(mask / name, out / name)
    before = int(np.memmap(out / name, WORD, "r")[index]) >> low & (1 << width) - 1
    disturb(out / name, index, (defect.of(before) ^ before) << low)
    return out


def _place(shape: Shape, die: Die, defect: Defect) -> tuple[Kind, int, int, int]:
    """The image's kind, the number of its word, and the lowest bit and the width of what a defect changes there."""
    array, out, at = defect.array, defect.out, defect.at
    if array in NORMS:
        return Kind.TABLE, at, 0, 32
    if array == ROPE:
        return Kind.TABLE, out * (shape.head_dim // 2) + at, 16 * (defect.word == "sin"), 16
    inputs, outputs = (shape.d_model, shape.vocab) if array == EMBED else shape.matrix_size(array, die.lanes)
    column = out if array == EMBED else _column(shape, die, defect)
    if defect.word == CELL:
        if array == EMBED:
            word, digit = divmod(at, DIGITS)
            word += inputs // DIGITS * (defect.bit + die.embed_slices * out)
        else:
            digit, word = divmod(column, outputs // DIGITS)
            word += outputs // DIGITS * (at + inputs * defect.bit)
        return Kind.CELLS, word, 4 * digit, 4
    if defect.word in ("d", "m"):
        kind, size, low, width = Kind.SCALES, die.superblock[array] or GROUP, 16 * (defect.word == "m"), 16
    else:
        at, half = divmod(at, GROUP // die.span[array])
        kind, size, low, width = Kind.INTEGERS, GROUP, 16 * half + 8 * (defect.word == "n"), 8
    return kind, out * (inputs // size) + at if array == EMBED else at * outputs + column, low, width


def _column(shape: Shape, die: Die, defect: Defect) -> int:
    """The column of an array that a tensor's output is."""
    if defect.array == "gateup":
        beat, lane = divmod(defect.out, die.lanes)
        return (2 * beat + defect.part) * die.lanes + lane
    return sum(shape.modules(defect.array)[: defect.part]) + defect.out
