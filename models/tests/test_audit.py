"""The audit finds every changed digit of a mask, and says where it is."""

import shutil

import pytest

from models.checkpoint import checkpoint, tiny
from models.errors import InputError
from models.mask.audit import audit
from models.mask.etch import die_for, etch


@pytest.fixture(scope="module")
def etched(tmp_path_factory):
    """A tiny checkpoint, its die and its mask."""
    folder = tmp_path_factory.mktemp("audit")
    ckpt = checkpoint.load(tiny.write(folder / "tiny.gguf"))
    die = die_for(ckpt, kv_depth=16)
    return ckpt, die, etch(ckpt, die, folder / "mask")


def flip(path, line: int, digit: int) -> None:
    """Change hex digit ``digit`` (0: the lowest) of a line."""
    text = bytearray(path.read_bytes())
    at = 9 * line + 7 - digit
    text[at] = ord("0123456789abcdef"[int(chr(text[at]), 16) ^ 1])
    path.write_bytes(text)


def test_an_intact_mask_has_no_fault(etched):
    ckpt, die, mask = etched
    assert audit(ckpt, die, mask) == []


@pytest.mark.parametrize(
    ("name", "line", "digit", "where"),
    [
        ("qkv_001.w.hex", 3 * 16 + 2, 0, "layer 1, stage q, row 3, column 2:"),
        ("qkv_001.w.hex", 3 * 16 + 2, 4, "layer 1, stage k, row 3, column 2:"),
        ("qkv_002.w.hex", 5 * 16 + 1, 7, "layer 2, stage v, row 5, column 17:"),
        ("o_000.s.hex", 64 + 7, 0, "layer 0, stage o_proj, group 1, column 7:"),
        ("gateup_000.w.hex", 24, 1, "layer 0, stage gate, row 1, column 24:"),
        ("gateup_002.w.hex", 8, 1, "layer 2, stage up, row 0, column 0:"),
        ("down_001.w.hex", 95 * 8, 0, "layer 1, stage down, row 95, column 0:"),
        ("head_000.w.hex", 0, 0, "chip, stage logits, row 0, column 0:"),
        ("embed_000.w.hex", 9 * 16, 3, "chip, stage embedding, token 9:"),
        ("embed_000.s.hex", 9 * 2, 3, "chip, stage embedding, token 9:"),
        ("attn_norm_002.hex", 11, 5, "layer 2, stage attn_norm, gain 11:"),
        ("ffn_norm_000.hex", 0, 7, "layer 0, stage ffn_norm, gain 0:"),
        ("final_norm_000.hex", 63, 0, "chip, stage final_norm, gain 63:"),
        ("rope_000.hex", 8 * 15 + 7, 0, "chip, stage q_rope, position 15, pair 7:"),
    ],
)
def test_one_digit_is_found_and_located(etched, tmp_path, name, line, digit, where):
    ckpt, die, mask = etched
    broken = tmp_path / "mask"
    shutil.copytree(mask, broken)
    flip(broken / name, line, digit)
    faults = audit(ckpt, die, broken)
    assert len(faults) == 1
    assert where in faults[0]
    assert name in faults[0]


def test_a_missing_image_is_refused(etched, tmp_path):
    ckpt, die, mask = etched
    broken = tmp_path / "mask"
    shutil.copytree(mask, broken)
    (broken / "down_001.w.hex").unlink()
    with pytest.raises(InputError, match=r"down_001\.w\.hex"):
        audit(ckpt, die, broken)
