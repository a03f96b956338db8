# SPDX-License-Identifier: Apache-2.0
"""The audit finds every changed digit of a mask, and says where it is."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from models.checkpoint import checkpoint, tiny
from models.errors import InputError
from models.mask import angles, decode
from models.mask import etch as etcher
from models.mask.audit import audit
from models.mask.etch import die_for, etch
from models.mask.image import disturb


@pytest.fixture(scope="module")
def etched(tmp_path_factory):
    """A tiny checkpoint, its die and its mask."""
    folder = tmp_path_factory.mktemp("audit")
    ckpt = checkpoint.load(tiny.write(folder / "tiny.gguf"))
    die = die_for(ckpt, kv_depth=16)
    return ckpt, die, etch(ckpt, die, folder / "mask")


def test_an_intact_mask_has_no_fault(etched):
    ckpt, die, mask = etched
    assert audit(ckpt, die, mask) == []


@pytest.mark.parametrize(
    ("name", "word", "digit", "where"),
    [
        ("qkv_001.w.bin", 3 * 16 + 2, 0, "layer 1, stage q, row 3, column 2:"),
        ("qkv_001.w.bin", 3 * 16 + 2, 4, "layer 1, stage k, row 3, column 2:"),
        ("qkv_002.w.bin", 5 * 16 + 1, 7, "layer 2, stage v, row 5, column 17:"),
        ("o_000.s.bin", 64 + 7, 0, "layer 0, stage o_proj, group 1, column 7:"),
        ("gateup_000.w.bin", 24, 1, "layer 0, stage gate, row 1, column 24:"),
        ("gateup_002.w.bin", 8, 1, "layer 2, stage up, row 0, column 0:"),
        ("down_001.w.bin", 95 * 8, 0, "layer 1, stage down, row 95, column 0:"),
        ("head_000.w.bin", 0, 0, "chip, stage logits, row 0, column 0:"),
        ("head_000.w.bin", 19, 7, "chip, stage logits, row 0, padding column 9:"),
        ("head_000.s.bin", 160 + 155, 7, "chip, stage logits, group 1, padding column 5:"),
        ("embed_000.w.bin", 9 * 16, 3, "chip, stage embedding, token 9, dimension 3:"),
        ("embed_000.s.bin", 9 * 2, 3, "chip, stage embedding, token 9, group 0:"),
        ("attn_norm_002.bin", 11, 5, "layer 2, stage attn_norm, gain 11:"),
        ("ffn_norm_000.bin", 0, 7, "layer 0, stage ffn_norm, gain 0:"),
        ("final_norm_000.bin", 63, 0, "chip, stage final_norm, gain 63:"),
        ("rope_000.bin", 8 * 15 + 7, 0, "chip, stage q_rope, position 15, pair 7:"),
    ],
)
def test_one_digit_is_found_and_located(etched, tmp_path, name, word, digit, where):
    ckpt, die, mask = etched
    broken = tmp_path / "mask"
    shutil.copytree(mask, broken)
    disturb(broken / name, word, 1 << 4 * digit)
    faults = audit(ckpt, die, broken)
    assert len(faults) == 1
    assert where in faults[0]
    assert name in faults[0]


def test_digits_that_no_cell_of_3_bits_holds(tmp_path):
    """Whether or not the place beyond a low cell is one of the high cell: the hardware would read neither."""
    ckpt = checkpoint.load(tiny.write(tmp_path / "tiny.gguf", kinds=tiny.MIX))
    die = die_for(ckpt, kv_depth=16)
    mask = etch(ckpt, die, tmp_path / "mask")
    image = mask / "head_000.w.bin"
    intact = image.read_bytes()
    codes = ckpt.matrix("head")[0].q[:20, 0]
    for high in (0, 1):
        column = int(np.argmax(codes >> 3 & 1 == high))  # digit 0 of word `column`
        image.write_bytes(intact)
        disturb(image, column, 8)
        (fault,) = audit(ckpt, die, mask)
        assert f"stage logits, row 0, column {column}: expected code {codes[column]}," in fault
        with pytest.raises(InputError, match="values that W6 has not"):
            decode.read_back(mask)


def test_a_wrong_table_in_the_etcher(etched, tmp_path, monkeypatch):
    """What the etcher takes for right is not asked: frequencies half as high, sines and cosines exchanged."""
    ckpt, die, _ = etched
    right = angles.table
    wrong = {
        "base": lambda shape, depth: right(replace(shape, rope_base=2 * shape.rope_base), depth),
        "halves": lambda shape, depth: right(shape, depth) << 16 | right(shape, depth) >> 16,
    }
    for name, place in (("base", "position 1, pair 1"), ("halves", "position 0, pair 0")):
        monkeypatch.setattr(angles, "table", wrong[name])
        (fault,) = audit(ckpt, die, etch(ckpt, die, tmp_path / name))
        assert f"chip, stage q_rope, {place}:" in fault


@pytest.mark.parametrize(
    ("function", "wrong", "image"),
    [
        ("_pair", lambda right: lambda low, high, *rest: right(high, low, *rest), ".w.bin"),
        ("_scales", lambda right: lambda *args: right(*args) << 16 | right(*args) >> 16, ".s.bin"),
        ("_join", lambda right: lambda array, parts, *rest: right(array, parts[::-1], *rest), "qkv_000"),
    ],
)
def test_a_wrong_layout_in_the_etcher(function, wrong, image, etched, tmp_path, monkeypatch):
    """Nibbles of a byte, halves of a scale, tensors of an array exchanged."""
    ckpt, die, _ = etched
    monkeypatch.setattr(etcher, function, wrong(getattr(etcher, function)))
    faults = audit(ckpt, die, etch(ckpt, die, tmp_path / "mask"))
    assert image in faults[0]
    assert len(faults) > 10


def test_a_missing_image_is_refused(etched, tmp_path):
    ckpt, die, mask = etched
    broken = tmp_path / "mask"
    shutil.copytree(mask, broken)
    (broken / "down_001.w.bin").unlink()
    with pytest.raises(InputError, match=r"down_001\.w\.bin"):
        audit(ckpt, die, broken)
