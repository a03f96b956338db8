# SPDX-License-Identifier: Apache-2.0
"""Drawings of a block: what another program reads in the GDSII file is what the checkpoint says."""

import numpy as np
import pytest
from klayout import db
from matplotlib.image import imread

from models.checkpoint import checkpoint, tiny
from models.checkpoint.quantised import Quantised
from models.die.shape import GROUP
from models.errors import InputError
from models.mask import etch, gdsii, via_picture
from models.mask.via_block import ViaBlock

BLOCKS = {  # kinds of the tiny model, block size, array, layer, block
    "4 bits": ({}, 32, "qkv", 1, 1),
    "8 bits, padded": ({}, 32, "head", 0, 0),
    "3 and 6 bits": (tiny.MIX, 32, "qkv", 2, 1),
    "two groups a block, the last one not full": ({}, 64, "down", 0, 1),
}


@pytest.fixture(params=BLOCKS)
def case(request, tmp_path):
    """A block, and the codes [column, row] and scale words [group, column] that the checkpoint has for it."""
    kinds, size, array, layer, number = BLOCKS[request.param]
    ckpt = checkpoint.load(tiny.write(tmp_path / "tiny.gguf", kinds=kinds))
    die = etch.die_for(ckpt, kv_depth=16, block={array: size})
    parts: list[Quantised] = ckpt.matrix(array, layer)
    rows, groups = (slice(number * n, (number + 1) * n) for n in (size, size // GROUP))
    codes = np.concatenate([part.q for part in parts])[:, rows]
    scales = np.concatenate([part.m.astype(np.uint32) << 16 | part.d for part in parts])[:, groups].T
    return ViaBlock.of(ckpt, die, array, layer, number), codes, scales


def test_klayout_reads_the_masks_back(case, tmp_path):
    """By position alone: every via of mask 1 is a code's slice, every via of mask 2 a 1 of a scale word."""
    block, codes, scales = case
    file = db.Layout()
    file.read(str(gdsii.write(block, tmp_path / "block.gds")))
    assert file.dbu == 0.001
    top = file.top_cell()

    def vias(layer):
        """Row and track of every via, in the block's grid."""
        shapes = top.begin_shapes_rec(file.layer(layer, 0))
        centers = [(shape.trans() * shape.shape().box).center() for shape in shapes.each()]
        return [(*divmod(round(c.x / 40), block.lines + 2), round(-c.y / 120)) for c in centers]

    slices, rows, columns = block.cells.shape
    found = np.full((slices * columns, rows), -1)
    for column, line, row in vias(gdsii.VIA_1):
        assert found[column, row] == -1
        found[column, row] = line
    assert found.min() >= 0
    bits = block.lines.bit_length() - 1
    read = sum(part << bits * number for number, part in enumerate(found.reshape(slices, columns, rows)))
    assert (read[: len(codes)] == codes).all() and not read[len(codes) :].any()

    words = np.zeros((len(scales), columns), dtype=np.uint64)
    for column, line, row in vias(gdsii.VIA_2):
        group, bit = divmod((row - rows) * block.lines + line, 32)
        words[group, column] += np.uint64(1 << bit)
    assert (words[:, : len(codes)] == scales).all() and not words[:, len(codes) :].any()


def test_labels_and_base_die(case, tmp_path):
    """Rows, columns and values are written beside the vias; the base die is a few cells, used again and again."""
    block, _, _ = case
    file = db.Layout()
    file.read(str(gdsii.write(block, tmp_path / "block.gds")))
    top = file.top_cell()
    texts = [s.shape().text.string for s in top.begin_shapes_rec(file.layer(gdsii.LABEL, 0)).each()]
    slices, rows, columns = block.cells.shape
    names = sorted((t for t in texts if t.startswith("row ")), key=lambda text: int(text.split()[1]))
    assert names == [f"row {block.first_row + row}" for row in range(rows)]
    assert len([t for t in texts if t.startswith("column")]) == slices * columns
    values = np.array([int(t) for t in texts if t.isdigit()])
    ones = int(block.scale_bits.sum())
    expected = np.bincount(block.cells.ravel(), minlength=16) + np.eye(16, dtype=int)[1] * ones
    assert (np.bincount(values, minlength=16) == expected).all()
    assert file.cells() == block.lines + 4
    for layer in (gdsii.WORD_LINE, gdsii.BIT_LINE, gdsii.ACTIVE):
        shapes = list(top.begin_shapes_rec(file.layer(layer, 0)).each())
        assert len(shapes) == block.cells.size


def test_picture(case, tmp_path):
    block, _, _ = case
    first = imread(via_picture.draw(block, tmp_path / "a.png"))
    assert first.shape[1] == 1600
    assert (imread(via_picture.draw(block, tmp_path / "b.png", first=5)) != first).any()
    with pytest.raises(InputError, match="has no column"):
        via_picture.draw(block, tmp_path / "c.png", first=block.cells.shape[2])
    assert not (tmp_path / "c.png").exists()


@pytest.mark.parametrize(
    ("array", "layer", "number", "what"),
    [
        ("kv", 0, 0, "unknown cell array 'kv' .*choose one of qkv, o, gateup, down, head"),
        ("qkv", 3, 0, "array qkv has no layer 3 .*choose 0 to 2"),
        ("head", 1, 0, "array head has no layer 1 .*choose 0 to 0"),
        ("down", 0, 3, "array down has no block 3 .*choose 0 to 2"),
    ],
)
def test_no_such_block(array, layer, number, what, tmp_path):
    ckpt = checkpoint.load(tiny.write(tmp_path / "tiny.gguf"))
    with pytest.raises(InputError, match=what):
        ViaBlock.of(ckpt, etch.die_for(ckpt), array, layer, number)
