# SPDX-License-Identifier: Apache-2.0
"""The etcher: a checkpoint becomes the mask images of docs/masks.md. ``models.mask.decode`` is the way back."""

import dataclasses
import errno
import hashlib
import math
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from tqdm import tqdm

from models import space
from models.checkpoint import checkpoint
from models.checkpoint.checkpoint import Checkpoint
from models.checkpoint.quantised import KINDS, Quantised
from models.die.shape import CELL_BITS, EMBED, GROUP, Die, cell_count, check_fits
from models.errors import InputError
from models.mask import angles, index
from models.mask.image import FINAL_NORM, ROPE, WORD, Image, Kind, arrays_of, file_of, whole_mask

BYTES = 0.7  # on file, of a cell and its part of a scale
PIECE = 1 << 24  # cells of an image that are in memory at once


def die_for(ckpt: Checkpoint, **overrides: object) -> Die:
    """The die that holds a checkpoint: as many slices of cells as the widest tensor of each array needs, and a scaling
    that holds all of them.

    Cells have 3 or 4 bits, those of which it takes fewer in all; 3 where that is equal. ``overrides`` are other fields
    of Die (act_w, kv_w, kv_depth, slots ...). InputError if no such die holds the shape.
    """
    widths = [overrides["cell_bits"]] if "cell_bits" in overrides else CELL_BITS
    dies = [dataclasses.replace(_narrowest(ckpt, bits), **overrides) for bits in widths]
    die = min(dies, key=lambda die: cell_count(ckpt.shape, die))
    check_fits(ckpt.shape, die, ckpt.path)
    return die


def spare_cells(ckpt: Checkpoint, die: Die) -> dict[str, int]:
    """Cells that hold no bits of a weight, by array: what it costs that tensors of fewer bits stand in it too."""
    slices = die.slices | {EMBED: die.embed_slices}
    return {
        array: sum(math.prod(tensor.shape) * (slices[array] - _slices([tensor], die.cell_bits)) for tensor in tensors)
        for array, tensors in _tensors(ckpt).items()
    }


def etch(ckpt: Checkpoint, die: Die, out_dir: str | os.PathLike) -> Path:
    """Write the mask images of ``ckpt`` into the folder ``out_dir``, which appears in one step when all are written.

    A mask of the same checkpoint and die that is there already is kept (its files are checked by their sizes only), and
    what an etcher left that was killed is removed: only one at a time may etch into a folder. InputError if the die
    cannot hold the checkpoint, ``out_dir`` is something else than a mask, or the disk has no room, which is seen
    beforehand; OSError if writing fails of something else.
    """
    out = Path(out_dir)
    check_fits(ckpt.shape, die, ckpt.path)
    _check_holds(ckpt, die)
    identity = index.describe(ckpt, die)
    if index.matches(out, identity):
        return out
    if out.exists() and not (out / index.FILE).is_file():
        raise InputError("the mask would replace something else", str(out), "remove it or name another folder")
    need = cell_count(ckpt.shape, die) * BYTES
    full = f"the mask takes up to {need / 1e6:,.0f} MB"
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        for left in out.parent.glob(f".{out.name}.*"):
            shutil.rmtree(left)
        if space.free(out.parent) < need:
            raise space.exhausted(out.parent, full)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as scratch:
            new = Path(scratch, "new")
            new.mkdir()
            every = whole_mask(ckpt.shape, die)
            bar = tqdm(every, desc="etching", unit="image", disable=None)  # on terminals only
            files = {file_of(*one): _write(new / file_of(*one), pieces(ckpt, die, *one)) for one in bar}
            index.write(new, identity, files)
            if out.exists():
                os.replace(out, Path(scratch, "old"))
            os.replace(new, out)
    except OSError as error:
        if space.is_full(out.parent) or error.errno in (None, errno.ENOSPC, errno.EDQUOT):  # None: NumPy's, cut short
            raise space.exhausted(out.parent, full) from None
        raise
    return out


def images(ckpt: Checkpoint, die: Die) -> Iterator[Image]:
    """Every image of a checkpoint on a die, one at a time, in the order of ``whole_mask``."""
    for array, layer, kind in whole_mask(ckpt.shape, die):
        yield image(ckpt, die, array, layer, kind)


def image(ckpt: Checkpoint, die: Die, array: str, layer: int, kind: Kind) -> Image:
    """One image of a checkpoint on a die, whole."""
    words = np.concatenate(list(pieces(ckpt, die, array, layer, kind)))
    if kind is Kind.CELLS and array != EMBED:
        words = words.reshape(die.slices[array], -1, words.shape[-1])
    return Image(array, layer, kind, words)


def pieces(ckpt: Checkpoint, die: Die, array: str, layer: int, kind: Kind) -> Iterator[np.ndarray]:
    """The words of an image in their order, some rows [n, ...] at a time, so that no image need be in memory whole."""
    if array == EMBED:
        tensor = ckpt.tensors[checkpoint.EMBEDDING]
        for rows in _some(tensor.shape[0], tensor.shape[1]):
            part = tensor.rows(rows)
            yield _embedding_cells(part, die) if kind is Kind.CELLS else _scaling(part, die, array, kind)
    elif array == ROPE:
        yield angles.table(ckpt.shape, die.kv_depth)
    elif kind is Kind.TABLE:
        name = checkpoint.FINAL_NORM if array == FINAL_NORM else f"blk.{layer}.{array}.weight"
        yield ckpt.gains[name].view("<u4")
    else:
        tensors, (rows, columns) = ckpt.matrix(array, layer), ckpt.shape.matrix_size(array, die.lanes)
        whole = max(tensor.superblock or GROUP for tensor in tensors)
        for piece in range(die.slices[array]) if kind is Kind.CELLS else (None,):
            for inputs in _some(rows, columns, whole):
                parts = [tensor.inputs(inputs) for tensor in tensors]
                if kind is Kind.CELLS:
                    q = _join(array, [part.q for part in parts], columns, die.lanes)
                    yield _matrix_cells(q, piece, die.cell_bits)
                else:
                    yield _join(array, [_scaling(part, die, array, kind) for part in parts], columns, die.lanes).T


def _some(rows: int, width: int, whole: int = 1) -> Iterator[slice]:
    """Slices of ``rows`` of ``width`` cells each, of as many at a time as PIECE allows, multiples of ``whole``."""
    step = max(1, PIECE // width // whole) * whole
    return (slice(start, min(start + step, rows)) for start in range(0, rows, step))


def _write(file: Path, words: Iterable[np.ndarray]) -> dict:
    """Write an image; gives its entry in the index."""
    digest = hashlib.sha256()
    with file.open("xb") as out:
        for piece in words:
            data = piece.astype(WORD, order="C")
            digest.update(data)
            out.write(data)
        return index.entry(out.tell(), digest)


# ---- geometry of a die


def _slices(tensors: Iterable[Quantised], cell_bits: int) -> int:
    """Cells that the widest of these tensors needs for a weight."""
    return max(-(-tensor.bits // cell_bits) for tensor in tensors)


def _tensors(ckpt: Checkpoint) -> dict[str, list[Quantised]]:
    """The tensors of each array, and of the embedding, in all layers."""
    found = {EMBED: [ckpt.tensors[checkpoint.EMBEDDING]]}
    for array, layer in arrays_of(ckpt.shape):
        found.setdefault(array, []).extend(ckpt.matrix(array, layer))
    return found


def _narrowest(ckpt: Checkpoint, cell_bits: int) -> Die:
    """A die with no slice and no integer too many."""
    tensors = _tensors(ckpt)
    slices = {array: _slices(found, cell_bits) for array, found in tensors.items()}
    span = {array: min(tensor.span for tensor in found) for array, found in tensors.items()}
    superblock = {array: _superblock(found) for array, found in tensors.items()}
    embed_slices = slices.pop(EMBED)
    return Die(cell_bits=cell_bits, slices=slices, embed_slices=embed_slices, span=span, superblock=superblock)


def _superblock(tensors: Iterable[Quantised]) -> int:
    """The super-block that holds all of these tensors."""
    found = {tensor.superblock for tensor in tensors}
    return found.pop() if len(found) == 1 else GROUP


def _check_holds(ckpt: Checkpoint, die: Die) -> None:
    """InputError unless the die has the slices and the scaling that the checkpoint needs."""
    need, tensors = _narrowest(ckpt, die.cell_bits), _tensors(ckpt)
    wants = need.slices | {EMBED: need.embed_slices}
    has = die.slices | {EMBED: die.embed_slices}
    for array, slices in wants.items():
        what = ""
        if has.get(array, 0) < slices:
            what = f"the weights of {array} need {slices} slices, the die has {has.get(array, 0)}"
        elif die.superblock[array] not in (need.superblock[array], GROUP):
            what = f"the scales of {array} need super-blocks of {need.superblock[array]} inputs (0: none), the die has "
            what += f"those of {die.superblock[array]}"
        elif die.span[array] > need.span[array]:
            what = f"the scales of {array} need spans of {need.span[array]}, the die has those of {die.span[array]}"
        elif die.offset.get(array) and {KINDS[tensor.kind].zero for tensor in tensors[array]} != {die.offset[array]}:
            what = f"the die takes all codes of {array} for symmetric, less {die.offset[array]}, and they are not"
        if what:
            raise InputError(what, ckpt.path, "take the die of die_for")


# ---- tensors to words


def _join(array: str, parts: list[np.ndarray], columns: int, lanes: int) -> np.ndarray:
    """Values of an array's tensors, [out, n] each, in column order: [columns, n], padded with zeros."""
    if array == "gateup":  # a beat of gate, a beat of up, in turn
        parts = [np.stack([part.reshape(-1, lanes, part.shape[1]) for part in parts], axis=1)]
    values = np.concatenate([part.reshape(-1, part.shape[-1]) for part in parts])
    return np.pad(values, ((0, columns - len(values)), (0, 0)))


def _matrix_cells(q: np.ndarray, piece: int, cell_bits: int) -> np.ndarray:
    """Words [row, N/8] of a slice of codes [N, row]; digit k of word c is the cell of column k*N/8 + c."""
    q = q.reshape(4, 2, -1, q.shape[1])  # byte of a word, digit of the byte, word, row
    words = np.zeros(q.shape[2:], dtype=np.uint32)
    for byte, (low, high) in enumerate(q):
        words |= _pair(low, high, piece, cell_bits).astype(np.uint32) << 8 * byte
    return words.T


def _embedding_cells(tensor: Quantised, die: Die) -> np.ndarray:
    """Words [token, slice, d_model/8]; digit k of word w is the cell of dimension 8w + k."""
    q = tensor.q.reshape(tensor.shape[0], -1, 2)
    pieces = [_pair(q[..., 0], q[..., 1], piece, die.cell_bits) for piece in range(die.embed_slices)]
    return np.stack(pieces, axis=1).view("<u4")


def _pair(low: np.ndarray, high: np.ndarray, piece: int, cell_bits: int) -> np.ndarray:
    """Slice ``piece`` (0: low cells) of two codes in a byte, a digit each."""
    places, ones = cell_bits * piece, (1 << cell_bits) - 1
    return (low >> places & ones) | (high >> places & ones) << 4


def _scaling(tensor: Quantised, die: Die, array: str, kind: Kind) -> np.ndarray:
    """Words of a tensor's scales or integers as the array has them, uint32 [out, n]."""
    return _scales(tensor, die.superblock[array]) if kind is Kind.SCALES else _integers(tensor, die.span[array])


def _scales(tensor: Quantised, superblock: int) -> np.ndarray:
    """Words {m, d} [out, super-block] (a group where there are no integers)."""
    return _repeat(tensor.m.astype("<u4") << 16 | tensor.d, tensor.shape[1] // (superblock or GROUP))


def _integers(tensor: Quantised, span: int) -> np.ndarray:
    """Words [out, group]: bytes s, n of its first span, then of a second one; ones in a plain kind."""
    ones = np.ones_like(tensor.d, dtype=np.int8)
    count = tensor.shape[1] // span
    pairs = [_repeat(ones if part is None else part, count) for part in (tensor.s, tensor.n)]
    pairs = np.stack(pairs, axis=-1).view(np.uint8).reshape(len(ones), -1, 2 * GROUP // span)
    return np.ascontiguousarray(np.pad(pairs, ((0, 0), (0, 0), (0, 4 - pairs.shape[2])))).view("<u4")[..., 0]


def _repeat(values: np.ndarray, count: int) -> np.ndarray:
    """Values [out, n] of wider pieces, [out, count]."""
    return np.repeat(values, count // values.shape[1], axis=1)
