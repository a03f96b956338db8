# SPDX-License-Identifier: Apache-2.0
"""The vias of one block of a die: the cells of mask 1 and the scale words of mask 2, by row and column."""

from dataclasses import dataclass

import numpy as np

from models.checkpoint.checkpoint import Checkpoint
from models.die.shape import GROUP, MATRICES, Die
from models.errors import InputError
from models.mask.etch import image
from models.mask.image import digits, kinds_of


@dataclass(frozen=True, eq=False)
class ViaBlock:
    """What both masks put into block ``number`` of a cell array, taken from the images that are etched.

    ``cells`` uint8 [slice, row, column]: the product line that each cell's via touches, one of ``lines``; the first row
    is row ``first_row`` of the array. ``scales`` uint32 [word, column]: a via for each 1; first the {m, d} of every
    super-block that the block has rows of, then, where the array has integers, those of every group; ``names`` of them.
    """

    array: str
    layer: int
    number: int
    first_row: int
    lines: int
    cells: np.ndarray
    scales: np.ndarray
    names: list[str]

    @classmethod
    def of(cls, ckpt: Checkpoint, die: Die, array: str, layer: int, number: int) -> "ViaBlock":
        """A block of ``ckpt`` on ``die``. InputError if there is no such array, layer or block."""
        if array not in MATRICES:
            raise InputError(f"unknown cell array {array!r}", "ARRAY", f"choose one of {', '.join(MATRICES)}")
        rows, columns = ckpt.shape.matrix_size(array, die.lanes)
        _check("layer", layer, 1 if array == "head" else ckpt.shape.layers, f"array {array}")
        _check("block", number, -(-rows // die.block[array]), f"array {array}")
        cells, *scales = (image(ckpt, die, array, layer, kind) for kind in kinds_of(die, array))
        first = number * die.block[array]
        part = digits(cells.words[:, first : first + die.block[array]]).swapaxes(2, 3)  # column digit * N/8 + word
        part = part.reshape(*part.shape[:2], columns)
        last, superblock = min(first + die.block[array], rows) - 1, die.superblock[array]
        pieces = [("super-block" if superblock else "group", superblock or GROUP), ("integers of group", GROUP)]
        words, names = [], []
        for scale, (name, inputs) in zip(scales, pieces, strict=False):
            numbers = range(first // inputs, last // inputs + 1)
            words.append(scale.words[numbers.start : numbers.stop])
            names += [f"{name} {number}" for number in numbers]
        return cls(array, layer, number, first, 1 << die.cell_bits, part, np.concatenate(words), names)

    @property
    def scale_bits(self) -> np.ndarray:
        """Bits of the scale words, lowest first: uint8 [word, column, 32]."""
        return (self.scales[..., None] >> np.arange(32, dtype=np.uint32) & 1).astype(np.uint8)


def _check(what: str, number: int, count: int, where: str) -> None:
    """InputError unless ``number`` is one of ``count``."""
    if not 0 <= number < count:
        raise InputError(f"{where} has no {what} {number}", what.upper(), f"choose 0 to {count - 1}")
