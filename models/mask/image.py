# SPDX-License-Identifier: Apache-2.0
"""One image of a mask as an object: which piece of the die it is for, its words, and its file. See docs/masks.md."""

import math
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import numpy as np

from models.die.shape import EMBED, MATRICES, Die, Shape
from models.errors import InputError

WORD = np.dtype(">u4")  # on file: $fread takes the high byte first
FINAL_NORM, ROPE = "final_norm", "rope"  # what the chip has once, beside the arrays ``head`` and EMBED
NORMS = ("attn_norm", "ffn_norm")  # of every layer
DIGITS = 8  # cells in a word of mask 1, a hex digit each


class Kind(Enum):
    """What an image holds, by the ending that its file's name has before ``.bin``."""

    CELLS = ".w"
    SCALES = ".s"  # pairs {m, d}
    INTEGERS = ".k"  # s and n of spans, where an array has integers
    TABLE = ""  # gains of a norm, or the angles of RoPE


@dataclass(frozen=True, eq=False)
class Image:
    """The ``words``, uint32, of one kind for one array, norm or table of a layer (0 for what the chip has once)."""

    array: str
    layer: int
    kind: Kind
    words: np.ndarray

    @property
    def mask(self) -> int:
        """The mask that it belongs to: 1 (weight vias) or 2 (scales, integers, gains, tables)."""
        return 1 if self.kind is Kind.CELLS else 2

    @property
    def owner(self) -> str:
        """The part of the die that reads it, for messages: 'layer 3', or 'chip'."""
        once = ("head", EMBED, FINAL_NORM, ROPE)
        return "chip" if self.array in once else f"layer {self.layer}"

    @property
    def file(self) -> str:
        """Name of its file in a mask's folder."""
        return file_of(self.array, self.layer, self.kind)

    @property
    def size(self) -> int:
        """How much it holds: cells of mask 1, words of mask 2."""
        return self.words.size * (DIGITS if self.kind is Kind.CELLS else 1)

    def write(self, folder: Path) -> None:
        """Write the image into the folder of a mask."""
        self.words.astype(WORD).tofile(folder / self.file)

    @classmethod
    def read(cls, folder: Path, array: str, layer: int, kind: Kind, size: tuple[int, ...]) -> "Image":
        """The image on file, its words in this size, mapped into memory. InputError where it is missing or too short or
        long."""
        empty = cls(array, layer, kind, np.empty(0, np.uint32))
        file, wanted = folder / empty.file, math.prod(size) * WORD.itemsize
        try:
            if (found := file.stat().st_size) != wanted:
                raise damaged(folder, f"{empty.file} holds {found} bytes, not {wanted}")
            return cls(array, layer, kind, np.memmap(file, WORD, "r", shape=size))
        except OSError as error:
            raise damaged(folder, f"{empty.file}: {error.strerror}") from None


def file_of(array: str, layer: int, kind: Kind) -> str:
    """Name of an image's file in a mask's folder."""
    return f"{array}_{layer:03d}{kind.value}.bin"


def disturb(file: Path, word: int, bits: int) -> None:
    """Plant a fault: flip these bits of one word of an image on file."""
    words = np.memmap(file, WORD, "r+")
    words[word] ^= bits
    words.flush()


def digits(words: np.ndarray) -> np.ndarray:
    """The cells in words of mask 1, digit k the bits 4k+3..4k: uint8 [..., word, 8]."""
    return (words[..., None] >> 4 * np.arange(DIGITS, dtype=np.uint32) & 15).astype(np.uint8)


def whole_mask(shape: Shape, die: Die) -> list[tuple[str, int, Kind]]:
    """(array, layer, kind) of every image that a model of this shape has on this die."""
    arrays = [*arrays_of(shape), (EMBED, 0)]
    tables = [*norms_of(shape), (ROPE, 0)]
    quantised = [(array, layer, kind) for array, layer in arrays for kind in kinds_of(die, array)]
    return quantised + [(table, layer, Kind.TABLE) for table, layer in tables]


def arrays_of(shape: Shape) -> list[tuple[str, int]]:
    """(array, layer) of every cell array of a chip: MATRICES, ``head`` once."""
    return [(array, layer) for layer in range(shape.layers) for array in MATRICES if array != "head"] + [("head", 0)]


def kinds_of(die: Die, array: str) -> tuple[Kind, ...]:
    """What a die has for a quantised array: cells, scales, and integers where it has super-blocks."""
    return (Kind.CELLS, Kind.SCALES, *((Kind.INTEGERS,) if die.superblock[array] else ()))


def norms_of(shape: Shape) -> list[tuple[str, int]]:
    """(norm, layer) of every norm of a chip."""
    return [(norm, layer) for norm in NORMS for layer in range(shape.layers)] + [(FINAL_NORM, 0)]


def damaged(folder: Path, what: str) -> InputError:
    """What reading a mask raises for a file that the etcher did not write."""
    return InputError(f"the mask is damaged: {what}", str(folder), "remove the folder and etch it anew")
