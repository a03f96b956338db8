# SPDX-License-Identifier: Apache-2.0
"""K-quants on a die: the mixes that llama.cpp makes, etched without loss, computed near the file's weights, audited."""

import shutil

import gguf
import numpy as np
import pytest

from models.checkpoint import checkpoint, tiny
from models.die import cost, sv_package
from models.die.shape import MATRICES, Die, cell_count
from models.errors import InputError
from models.golden.chip import Chip
from models.golden.fixed_point import FX_ONE
from models.mask import decode, diff
from models.mask import etch as etcher
from models.mask.audit import audit
from models.mask.etch import die_for, etch, spare_cells
from models.mask.image import disturb
from models.reference import Reference

ROLES = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down", "token_embd", "output")
PLAIN_AND_K = {  # in the same arrays: side by side in qkv and gateup, in different layers in o
    "attn_q": "Q4_0",
    "attn_k": "Q6_K",
    "attn_v": "Q5_1",
    "blk.1.attn_output.weight": "Q5_K",
    "ffn_gate": "Q4_K",
    "ffn_up": "Q5_0",
    "ffn_down": "Q3_K",
    "token_embd": "Q2_K",
}
WIDE, SMALL = tiny.WIDE, {"layers": 1}
MODELS = {  # arguments of tiny.write; bits of a cell; slices, spans, super-blocks of MATRICES and of the embedding
    "Q2_K": ({**WIDE, "kinds": "Q2_K", "tied": True}, 3, "111122", "16 " * 6, "256 " * 6),
    "Q3_K_M": (
        {**WIDE, "kinds": "Q3_K_M", "tied": False},
        *(4, "211121", "16 32 16 32 16 16", "256 " * 6),
    ),
    "Q4_K_M": (
        {**WIDE, "kinds": "Q4_K_M", "tied": False},
        *(4, "211221", "16 32 32 16 16 32", "256 " * 6),
    ),
    "Q5_K_M": ({**WIDE, "kinds": "Q5_K_M"}, 3, "222222", "16 32 32 16 16 16", "256 " * 6),
    "Q6_K": ({**WIDE, "kinds": "Q6_K"}, 3, "222222", "16 " * 6, "256 " * 6),
    "Q4_0": (
        {**WIDE, "kinds": "Q4_0"},
        4,
        "111122",
        "32 32 32 32 16 16",
        "0 0 0 0 256 256",
    ),
    "plain and K": ({**WIDE, "kinds": PLAIN_AND_K}, 3, "222111", "16 32 32 16 16 16", "32 32 32 256 256 256"),
    "Q5_0 and Q5_1, no super-blocks": (
        {**SMALL, "kinds": dict.fromkeys(ROLES, "Q5_0") | {"attn_v": "Q5_1", "ffn_down": "Q5_1"}},
        *(3, "222222", "32 " * 6, "0 " * 6),
    ),
}


def load(folder, name):
    return checkpoint.load(tiny.write(folder / "tiny.gguf", **MODELS[name][0]))


@pytest.fixture(scope="module")
def etched(tmp_path_factory):
    """A checkpoint like Q4_K_M, its die and its mask; and so for plain and K side by side."""
    found = {}
    for name in ("Q4_K_M", "plain and K"):
        folder = tmp_path_factory.mktemp("k")
        ckpt = load(folder, name)
        die = die_for(ckpt, kv_depth=16)
        found[name] = ckpt, die, etch(ckpt, die, folder / "mask")
    return found


@pytest.mark.parametrize("name", MODELS)
def test_the_die_of_a_mix(name, tmp_path):
    """What each array's tensors need, as in the shape package; cells that some of them leave empty are counted."""
    _, cell_bits, slices, spans, supers = MODELS[name]
    ckpt = load(tmp_path, name)
    die = die_for(ckpt, kv_depth=16)
    arrays = (*MATRICES, "embed")
    assert die.cell_bits == cell_bits
    assert "".join(str((die.slices | {"embed": die.embed_slices})[array]) for array in arrays) == slices
    assert [die.span[array] for array in arrays] == [*map(int, spans.split())]
    assert [die.superblock[array] for array in arrays] == [*map(int, supers.split())]
    text = sv_package.write(ckpt.shape, die, tmp_path / "shape_pkg.sv").read_text()
    for array in MATRICES:
        assert f'"{array}": array_span = {die.span[array]};' in text
        assert f'"{array}": array_super = {die.superblock[array]};' in text
    assert f"EMBED_SPAN = {die.span['embed']};" in text and f"EMBED_SUPER = {die.superblock['embed']};" in text
    used = sum(tensor.q.size * -(-tensor.bits // cell_bits) for tensor in ckpt.tensors.values())
    if "output.weight" not in ckpt.tensors:
        head = ckpt.tensors["token_embd.weight"]
        used += head.q.size * -(-head.bits // cell_bits)
    padding = -ckpt.shape.vocab % 32 * ckpt.shape.d_model * die.slices["head"]
    assert cell_count(ckpt.shape, die) == used + padding + sum(spare_cells(ckpt, die).values())


@pytest.mark.parametrize("name", MODELS)
def test_nothing_is_lost(name, tmp_path):
    """Images, read back, are the file's blocks byte for byte; golden logits are near those of the file's weights."""
    ckpt = load(tmp_path, name)
    die = die_for(ckpt, kv_depth=16)
    mask = etch(ckpt, die, tmp_path / "mask")
    assert audit(ckpt, die, mask) == []
    stored = gguf.GGUFReader(ckpt.path).tensors
    assert decode.read_back(mask) == {tensor.name: tensor.data.tobytes() for tensor in stored}
    reference = Reference(ckpt)
    reference.weights = {
        tensor.name: gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        for tensor in stored
        if len(tensor.shape) > 1
    }
    tokens = [*range(101, 117)]
    wanted = reference.logits(tokens)
    error = Chip(ckpt, die, slots=1).logits(0, tokens) / FX_ONE - wanted
    assert np.sqrt(np.mean(error**2)) < 0.01 * wanted.std()
    chosen = (wanted + error).argmax(axis=1)
    behind = wanted.max(axis=1) - wanted[np.arange(len(tokens)), chosen]
    assert (behind <= 2 * np.abs(error).max(axis=1)).all()  # else no tie
    assert (behind == 0).mean() > 0.8


@pytest.mark.parametrize(
    ("model", "file", "word", "digit", "where"),
    [
        ("Q4_K_M", "qkv_001.k.bin", 3 * 512 + 300, 0, "layer 1, stage k, half group 6 from row 96 on, column 44:"),
        ("Q4_K_M", "qkv_001.k.bin", 3 * 512 + 300, 2, "layer 1, stage k, half group 6 from row 96 on, column 44:"),
        ("Q4_K_M", "qkv_001.k.bin", 3 * 512 + 500, 7, "layer 1, stage v, half group 7 from row 112 on, column 116:"),
        ("Q4_K_M", "o_000.k.bin", 7 * 256, 1, "layer 0, stage o_proj, half group 14 from row 224 on, column 0:"),
        ("Q4_K_M", "o_000.k.bin", 7 * 256, 4, "layer 0, stage o_proj, half group 15 from row 240 on, column 0:"),
        ("Q4_K_M", "down_001.s.bin", 5, 0, "layer 1, stage down, super-block 0 from row 0 on, column 5: expected d "),
        ("Q4_K_M", "gateup_000.s.bin", 32, 4, "layer 0, stage up, super-block 0 from row 0 on, column 0: expected d "),
        ("Q4_K_M", "qkv_000.w.bin", (256 + 9) * 64 + 2, 0, "layer 0, stage q, row 9, column 2: expected code "),
        ("Q4_K_M", "qkv_001.w.bin", (256 + 9) * 64 + 2, 6, "layer 1, stage v, row 9, column 2: expected code "),
        ("Q4_K_M", "head_000.k.bin", 159, 0, "chip, stage logits, half group 0 from row 0 on, padding column 9:"),
        ("Q4_K_M", "embed_000.k.bin", 8 * 9 + 2, 3, "stage embedding, token 9, half group 4 from dimension 64 on:"),
        ("Q4_K_M", "embed_000.s.bin", 9, 3, "chip, stage embedding, token 9, super-block 0 from dimension 0 on:"),
        ("plain and K", "qkv_000.s.bin", 512 + 256, 0, "layer 0, stage k, super-block 1 from row 32 on, column 0:"),
        ("plain and K", "qkv_000.k.bin", 512 + 3, 4, "layer 0, stage q, half group 3 from row 48 on, column 3:"),
    ],
)  # fmt: skip
def test_one_digit_of_a_scale_is_found_and_located(etched, tmp_path, model, file, word, digit, where):
    ckpt, die, mask = etched[model]
    broken = shutil.copytree(mask, tmp_path / "mask")
    disturb(broken / file, word, 1 << 4 * digit)
    (fault,) = audit(ckpt, die, broken)
    assert where in fault
    assert f"({file}, 1 in all)" in fault


@pytest.mark.parametrize(
    ("model", "file", "word", "digit", "kind"),
    [
        ("Q4_K_M", "o_000.k.bin", 0, 4, "Q4_K"),  # the half word of no span
        ("Q4_K_M", "qkv_001.k.bin", 5, 4, "Q4_K"),  # halves of a group that share their integers
        ("Q4_K_M", "qkv_001.k.bin", 500, 2, "Q6_K"),  # n, which is s
        ("plain and K", "qkv_000.s.bin", 3 * 512 + 300, 0, "Q6_K"),  # one of eight equal pairs
        ("plain and K", "qkv_000.k.bin", 5, 2, "Q4_0"),  # n of a plain kind
    ],
)
def test_scales_that_a_kind_has_not(etched, tmp_path, model, file, word, digit, kind):
    broken = shutil.copytree(etched[model][2], tmp_path / "mask")
    disturb(broken / file, word, 1 << 4 * digit)
    with pytest.raises(InputError, match=f"hold values that {kind} has not"):
        decode.read_back(broken)


def test_a_wrong_layout_of_integers_in_the_etcher(etched, tmp_path, monkeypatch):
    ckpt, die, _ = etched["Q4_K_M"]
    right = etcher._integers
    monkeypatch.setattr(etcher, "_integers", lambda *args: right(*args).byteswap())
    faults = audit(ckpt, die, etch(ckpt, die, tmp_path / "mask"))
    assert len(faults) > 10
    assert all(".k.bin" in fault for fault in faults)


def test_each_change_is_counted_where_it_is(etched, tmp_path):
    """Integers and scales of a K-kind are mask 2: s of a Q6_K span is n too, a pair of a mixed array stands 8 times."""
    (a, die, _), b = etched["plain and K"], load(tmp_path, "plain and K")
    b.tensors.update({name: tensor.unpack() for name, tensor in b.tensors.items()})  # to be changed
    for part in "sn":  # both are a Q6_K span's one integer
        getattr(b.tensors["blk.0.attn_k.weight"], part)[4, 3] ^= 0b101
    b.tensors["blk.1.attn_k.weight"].d[4, 0] ^= 0b1
    b.tensors["token_embd.weight"].n[9, 1] ^= 0b1
    found = {(c.mask, c.image, c.layer): (c.changed, c.bits) for c in diff.compare(a, b, die) if c.changed}
    tied = {(2, "head", 0): (1, 1), (2, "embed", 0): (1, 1)}
    assert found == {(2, "qkv", 0): (1, 4), (2, "qkv", 1): (8, 8)} | tied


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"bit_lines": 32}, "32 bit lines a column in qkv, whose spans are 16 inputs"),
        ({"span": dict.fromkeys((*MATRICES, "embed"), 8)}, "spans of 8 inputs in qkv"),
        ({"superblock": dict.fromkeys((*MATRICES, "embed"), 0)}, "spans of 16 inputs in qkv, which has no integers"),
        ({"superblock": dict.fromkeys((*MATRICES, "embed"), 64)}, "super-blocks of 64 inputs in qkv"),
    ],
)
def test_a_scaling_that_no_die_has(etched, change, what):
    with pytest.raises(InputError, match=what):
        die_for(etched["Q4_K_M"][0], **change)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"superblock": 0, "span": 32}, "the scales of o need super-blocks of 256 inputs"),
        ({"superblock": 32, "span": 32}, "the scales of qkv need spans of 16, the die has those of 32"),
    ],
)
def test_a_die_whose_scaling_does_not_hold_the_tensors(etched, change, what, tmp_path):
    ckpt, die, _ = etched["Q4_K_M"]
    fields = {name: dict.fromkeys((*MATRICES, "embed"), value) for name, value in change.items()}
    if change["superblock"] == 0:
        fields = {name: values | {"qkv": getattr(die, name)["qkv"]} for name, values in fields.items()}
    with pytest.raises(InputError, match=what):
        etch(ckpt, Die(cell_bits=4, slices=die.slices, **fields), tmp_path / "mask")


def test_what_scales_cost():
    """Bits of mask 2 a weight: 1 plain; a pair a super-block and 16 bits of integers a span for K-kinds."""
    for span, superblock, bits in ((32, 0, 1), (32, 256, 0.125 + 0.5), (16, 256, 0.125 + 1), (16, 32, 1 + 1)):
        die = Die(span={"o": span}, superblock={"o": superblock})
        assert sum(words * each for words, each in cost.scale_words(1 << 16, die, "o")) == bits * (1 << 16)
        assert cost.scale_cells(1 << 16, die, "o") == bits * (1 << 16) / 4
