# SPDX-License-Identifier: Apache-2.0
"""Mask images become the checkpoint's tensors again, from docs/masks.md and the files alone.

Nothing here is the etcher's but what an image is and how its file is read: the order of columns, slices and digits is
undone by code of its own, so that etcher and decoder can be wrong in one way only if docs/masks.md is.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.checkpoint import checkpoint
from models.checkpoint.checkpoint import PARTS
from models.checkpoint.quantised import KINDS, Quantised
from models.die.shape import EMBED, GROUP, Die, Shape
from models.mask import index
from models.mask.image import DIGITS, FINAL_NORM, ROPE, Image, Kind, arrays_of, damaged, digits, norms_of

NO_CODE = 255  # in place of a code whose digits no cell of 3 bits holds


@dataclass(frozen=True, eq=False)
class Stored:
    """A tensor as its array's images hold it, in the array's geometry.

    ``d`` and ``m`` uint16 [out, super-block], a group where the array has no integers; ``s`` and ``n`` int8 [out,
    in/16], of both halves of every group, where it has some, else None. ``columns`` are its own of the array's, None in
    the embedding, where they are the tokens. ``name`` is the checkpoint's; None for the columns of an array that belong
    to no tensor, which must be zero.
    """

    name: str | None
    cells: Image
    scales: Image
    integers: Image | None
    columns: np.ndarray | None
    cell_bits: int
    d: np.ndarray
    m: np.ndarray
    s: np.ndarray | None
    n: np.ndarray | None

    @property
    def words(self) -> list[np.ndarray | None]:
        """Everything that scales it: d, m, s, n."""
        return [self.d, self.m, self.s, self.n]

    @property
    def shape(self) -> tuple[int, int]:
        """(out, in)."""
        words = self.cells.words.shape
        return len(self.d), DIGITS * words[2] if self.columns is None else words[1]

    def codes(self, inputs: slice) -> np.ndarray:
        """Codes of some inputs, a multiple of 8: uint8 [out, n]; NO_CODE where a digit has more bits than a cell."""
        found = np.zeros((len(self.d), inputs.stop - inputs.start), dtype=np.uint8)
        no_code = np.zeros_like(found, dtype=bool)
        for number, digit in enumerate(self._slices(inputs)):
            found |= digit << self.cell_bits * number
            no_code |= digit >> self.cell_bits > 0
        found[no_code] = NO_CODE
        return found

    def _slices(self, inputs: slice) -> Iterator[np.ndarray]:
        """The digits of every slice, low cells first: uint8 [out, n]."""
        words = self.cells.words
        if self.columns is None:  # digit k of word w is dimension 8w + k
            for part in words[:, :, inputs.start // DIGITS : inputs.stop // DIGITS].swapaxes(0, 1):
                yield digits(part).reshape(len(part), -1)
        else:  # digit k of word c is column k*N/8 + c
            digit, word = np.divmod(self.columns, words.shape[2])
            for part in words[:, inputs]:
                rows = np.ascontiguousarray(part.T, dtype=np.uint32)[word]
                rows >>= 4 * digit[:, None].astype(np.uint32)
                yield rows.astype(np.uint8) & 15


def read_back(mask_dir: str | os.PathLike) -> dict[str, bytes]:
    """The tensors of a mask by name, from its images: GGUF blocks of matrices, little-endian binary32 of gains.

    ``mask.json`` tells only how to read (shape, die, tensor types). InputError where an image is missing or damaged, or
    holds a digit that no such tensor could have put there.
    """
    folder = Path(mask_dir)
    shape, die, kinds = index.read(folder)
    found: dict[str, bytes] = {}
    for stored in matrices(folder, shape, die, tied=checkpoint.HEAD not in kinds):
        if stored.name is None:
            if any(values is not None and values.any() for values in (_whole(stored), *stored.words)):
                raise damaged(folder, f"the padding of {stored.cells.file} or of its scales is not zero")
            continue
        raw = _bytes(stored, kinds[stored.name], die, folder)
        if found.setdefault(stored.name, raw) != raw:  # a tied head reads the embedding a second time
            raise damaged(folder, f"head and embedding hold different images of {stored.name}")
    return found | {name: image.words.astype("<u4").tobytes() for name, image in gains(folder, shape)}


def matrices(folder: Path, shape: Shape, die: Die, *, tied: bool) -> Iterator[Stored]:
    """The tensors of every cell array and of the embedding. InputError where an image is missing or damaged.

    ``tied`` says that the head's columns are the embedding's rows.
    """
    for array, layer in arrays_of(shape):
        yield from _array(folder, shape, die, array, layer, tied)
    words = shape.d_model // 8
    cells = Image.read(folder, EMBED, 0, Kind.CELLS, (shape.vocab, die.embed_slices, words))
    scales = Image.read(folder, EMBED, 0, Kind.SCALES, (shape.vocab, shape.d_model // (die.superblock[EMBED] or GROUP)))
    integers, s, n = None, None, None
    if die.superblock[EMBED]:
        integers = Image.read(folder, EMBED, 0, Kind.INTEGERS, (shape.vocab, shape.d_model // GROUP))
        s, n = _spans(integers.words)
    words = *_halves(scales.words), s, n
    yield Stored(checkpoint.EMBEDDING, cells, scales, integers, None, die.cell_bits, *words)


def gains(folder: Path, shape: Shape) -> Iterator[tuple[str, Image]]:
    """Name and image, words [d_model] in binary32, of the gains of every norm. InputError as ``matrices``."""
    for norm, layer in norms_of(shape):
        name = checkpoint.FINAL_NORM if norm == FINAL_NORM else f"blk.{layer}.{norm}.weight"
        yield name, Image.read(folder, norm, layer, Kind.TABLE, (shape.d_model,))


def angles(folder: Path, shape: Shape, die: Die) -> tuple[Image, np.ndarray, np.ndarray]:
    """The image of RoPE, and the sines and cosines in it, int16 [position, pair]. InputError as ``matrices``."""
    image = Image.read(folder, ROPE, 0, Kind.TABLE, (die.kv_depth, shape.head_dim // 2))
    cos, sin = _halves(image.words)
    return image, sin.view(np.int16), cos.view(np.int16)


def _array(folder: Path, shape: Shape, die: Die, array: str, layer: int, tied: bool) -> Iterator[Stored]:
    """The tensors in the columns of a cell array, and what is left of its columns."""
    rows, columns = shape.matrix_size(array, die.lanes)
    cells = Image.read(folder, array, layer, Kind.CELLS, (die.slices[array], rows, columns // 8))
    scales = Image.read(folder, array, layer, Kind.SCALES, (rows // (die.superblock[array] or GROUP), columns))
    integers, s, n = None, None, None
    if die.superblock[array]:
        integers = Image.read(folder, array, layer, Kind.INTEGERS, (rows // GROUP, columns))
        s, n = _spans(integers.words.T)
    d, m = _halves(np.ascontiguousarray(scales.words.T))
    parts = [f"blk.{layer}.{part}.weight" for part in PARTS.get(array, ())]
    names = parts or [checkpoint.EMBEDDING if tied else checkpoint.HEAD]
    for name, at in zip([*names, None], _columns(shape, array, columns, die.lanes), strict=True):
        if not len(at):
            continue
        words = (None if values is None else values[at] for values in (d, m, s, n))
        yield Stored(name, cells, scales, integers, at, die.cell_bits, *words)


def _columns(shape: Shape, array: str, columns: int, lanes: int) -> list[np.ndarray]:
    """The columns of each tensor of an array, in the order of the tensor's rows, and last those of none."""
    every = np.arange(columns)
    if array == "gateup":  # a beat of gate, a beat of up, and so on in turn
        beats = every.reshape(-1, 2, lanes)
        return [beats[:, 0].reshape(-1), beats[:, 1].reshape(-1), every[columns:]]
    return np.split(every, np.cumsum(shape.modules(array)))


def _whole(stored: Stored) -> np.ndarray:
    """All codes, uint8 [out, in]."""
    return stored.codes(slice(0, stored.shape[1]))


def _halves(words: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Low and high half of words: (d, m) of scales, (cos, sin) of angles."""
    return (words & 0xFFFF).astype("<u2"), (words >> 16).astype("<u2")


def _spans(words: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """s and n of both halves of every group, int8 [out, 2 * group], in words [out, group]."""
    pairs = np.ascontiguousarray(words, dtype="<u4").view(np.int8).reshape(len(words), -1, 2)
    return pairs[..., 0].copy(), pairs[..., 1].copy()


def widened(tensor: Quantised, like: Stored, span: int) -> list[np.ndarray | None]:
    """d, m, s and n of a tensor as an array of this span has them, whose images ``like`` was read from."""
    inputs = tensor.shape[1]
    words = [np.repeat(word, like.d.shape[1] // word.shape[1], axis=1) for word in (tensor.d, tensor.m)]
    if like.s is None:
        return [*words, None, None]
    ones = np.ones((tensor.shape[0], 1), dtype=np.int8)  # in the place of a plain kind's integers
    parts = (ones if part is None else part for part in (tensor.s, tensor.n))
    halves = [np.repeat(part, 2 * inputs // GROUP // part.shape[1], axis=1) for part in parts]
    if span == GROUP:  # the upper half of a word is empty
        for half in halves:
            half[:, 1::2] = 0
    return words + halves


def _bytes(stored: Stored, kind: str, die: Die, folder: Path) -> bytes:
    """A tensor's GGUF blocks. InputError for codes or scales that no tensor of the kind has."""
    k, inputs, q = KINDS[kind], stored.shape[1], _whole(stored)
    every = (k.superblock or GROUP) * stored.d.shape[1] // inputs  # words of the array for one of the tensor
    parts = [word[:, ::every] for word in (stored.d, stored.m)]
    if k.integers:
        parts += [half[:, :: 2 * k.span // GROUP] for half in (stored.s, stored.n)]
    raw = Quantised(kind, q, *map(np.ascontiguousarray, parts)).to_bytes()
    again = Quantised.from_bytes(kind, raw, *q.shape)
    pairs = zip(widened(again, stored, die.span[stored.cells.array]), stored.words, strict=True)
    same = all(found is wanted or np.array_equal(found, wanted) for found, wanted in pairs)  # None is None
    if not same or q.max() >= 1 << KINDS[kind].bits:
        raise damaged(folder, f"the images of {stored.name} hold values that {kind} has not")
    return raw
