# SPDX-License-Identifier: Apache-2.0
"""Masks: what is etched, that nothing of it is lost, and that nothing half-written is ever seen."""

import dataclasses
import hashlib
import json
import math
import os
import signal
import struct
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest

from models.checkpoint import checkpoint, fetch, tiny
from models.die import sv_package
from models.die.shape import MATRICES, Die
from models.errors import InputError
from models.mask import audit, decode, etch, index
from models.mask.image import Kind, disturb
from models.project import ROOT

MIXES = {
    "SmolLM2's kinds": {},
    "Q4_0": {"kinds": {role: "Q4_0" for roles in checkpoint.PARTS.values() for role in roles}},
    "4-bit embedding": {"kinds": {"token_embd": "Q4_1"}},
    "8-bit, untied": {"kinds": dict.fromkeys(("attn_q", "attn_output", "ffn_down", "ffn_up"), "Q8_0"), "tied": False},
    "4-bit head beside 8-bit embedding": {"kinds": {"output": "Q4_0"}, "tied": False},
    "floats": {"kinds": {"attn_v": "F16", "ffn_gate": "F32", "attn_output": "BF16", "token_embd": "F16"}},
    "layers and parts that differ": {
        "kinds": {"blk.0.attn_k.weight": "Q8_0", "blk.1.ffn_up.weight": "Q4_0", "blk.2.ffn_down.weight": "Q8_0"}
    },
    "whole beats of vocabulary": {"vocab": 160, "layers": 1},
}


@pytest.fixture
def ckpt(tmp_path):
    return checkpoint.load(tiny.write(tmp_path / "tiny.gguf"))


@pytest.fixture
def mask(ckpt, tmp_path):
    return etch.etch(ckpt, etch.die_for(ckpt, kv_depth=16), tmp_path / "mask")


def original(ckpt):
    """The tensors of a checkpoint, as read_back gives them."""
    tensors = {name: tensor.to_bytes() for name, tensor in ckpt.tensors.items()}
    return tensors | {name: gain.astype("<f4").tobytes() for name, gain in ckpt.gains.items()}


def words(path):
    """The words of an image, read as slowly as can be."""
    return [word for (word,) in struct.iter_unpack(">I", path.read_bytes())]


@pytest.mark.parametrize("mix", MIXES)
def test_round_trip_of_tiny_checkpoints(mix, tmp_path):
    ckpt = checkpoint.load(tiny.write(tmp_path / "tiny.gguf", **MIXES[mix]))
    mask = etch.etch(ckpt, etch.die_for(ckpt, kv_depth=16), tmp_path / "mask")
    assert decode.read_back(mask) == original(ckpt)


def test_round_trip_of_the_whole_smollm2(tmp_path):
    ckpt = checkpoint.load(fetch.smollm2())
    mask = etch.etch(ckpt, etch.die_for(ckpt), tmp_path / "mask")
    found = decode.read_back(mask)
    assert found == original(ckpt)
    assert len(found) == 30 * 9 + 2


def test_slices_of_a_die(tmp_path):
    kinds = {"blk.1.attn_k.weight": "Q8_0", "token_embd": "Q4_1", "output": "Q8_0"}
    ckpt = checkpoint.load(tiny.write(tmp_path / "tiny.gguf", kinds=kinds, tied=False))
    die = etch.die_for(ckpt, slots=3, kv_depth=64)
    assert die.slices == {"qkv": 2, "o": 1, "gateup": 1, "down": 1, "head": 2}
    assert (die.embed_slices, die.slots, die.kv_depth) == (1, 3, 64)


def test_every_cell_is_where_the_format_says(ckpt, mask):
    """docs/masks.md word by word: layer 1, and a head whose vocabulary of 150 is padded to 160 columns."""
    gate, up = ckpt.matrix("gateup", 1)
    columns = np.concatenate([part[beat : beat + 32] for beat in (0, 32, 64) for part in (gate.q, up.q)])
    width = 2 * 96 // 8
    expected = [
        sum(int(columns[digit * width + c, row]) << 4 * digit for digit in range(8))
        for row in range(64)
        for c in range(width)
    ]
    assert words(mask / "gateup_001.w.bin") == expected

    head = ckpt.matrix("head", 0)[0]
    codes = np.pad(head.q, ((0, 10), (0, 0)))
    expected = [
        sum((int(codes[digit * 20 + c, row]) >> 4 * slice_ & 15) << 4 * digit for digit in range(8))
        for slice_ in range(2)
        for row in range(64)
        for c in range(20)
    ]
    assert words(mask / "head_000.w.bin") == expected
    expected = [
        int(head.m[n, block]) << 16 | int(head.d[n, block]) if n < 150 else 0 for block in range(2) for n in range(160)
    ]
    assert words(mask / "head_000.s.bin") == expected


def test_qkv_columns_embedding_and_gains(ckpt, mask):
    q, k, v = ckpt.matrix("qkv", 2)
    expected = [int(p.m[n, b]) << 16 | int(p.d[n, b]) for b in range(2) for p in (q, k, v) for n in range(len(p.d))]
    assert words(mask / "qkv_002.s.bin") == expected

    embedding = ckpt.tensors["token_embd.weight"]
    expected = [
        sum((int(embedding.q[token, 8 * w + digit]) >> 4 * slice_ & 15) << 4 * digit for digit in range(8))
        for token in range(150)
        for slice_ in range(2)
        for w in range(8)
    ]
    assert words(mask / "embed_000.w.bin") == expected
    expected = [int(m) << 16 | int(d) for m, d in zip(embedding.m.flat, embedding.d.flat, strict=True)]
    assert words(mask / "embed_000.s.bin") == expected

    gains = ckpt.gains["blk.2.ffn_norm.weight"]
    assert words(mask / "ffn_norm_002.bin") == gains.view(np.uint32).tolist()


def test_rope_image(tmp_path):
    """Angles by the formula of docs/formats.md, a rope_dim below the head size and frequency factors included."""
    factors = (1.0, 2.0, 4.0, 8.0)
    ckpt = checkpoint.load(tiny.write(tmp_path / "tiny.gguf", rope_dim=8, rope_factors=factors))
    mask = etch.etch(ckpt, etch.die_for(ckpt, kv_depth=20), tmp_path / "mask")
    expected = []
    for pos in range(20):
        angles = [pos * 10000.0 ** (-2 * i / 8) / factors[i] for i in range(4)] + [0.0] * 4
        for angle in angles:
            sin, cos = round(math.sin(angle) * 2**14), round(math.cos(angle) * 2**14)
            expected.append((sin & 0xFFFF) << 16 | cos & 0xFFFF)
    assert words(mask / "rope_000.bin") == expected


def test_index_lists_every_file(ckpt, mask):
    index = json.loads((mask / "mask.json").read_text())
    assert index["checkpoint"] == ckpt.sha256
    assert set(index["files"]) | {"mask.json"} == {path.name for path in mask.iterdir()}
    assert len(index["files"]) == 3 * 10 + 6
    assert index["files"]["rope_000.bin"]["bytes"] == 16 * 8 * 4


def test_hashes_are_those_of_the_files(mask):
    for name, file in json.loads((mask / "mask.json").read_text())["files"].items():
        assert hashlib.sha256((mask / name).read_bytes()).hexdigest() == file["sha256"]


def marked(mask, name="qkv_000.w.bin"):
    """Change the first digit of an image; returns its bytes."""
    disturb(mask / name, 0, 1 << 28)
    return (mask / name).read_bytes()


def test_a_mask_is_kept_for_the_same_checkpoint_and_die(ckpt, mask):
    text = marked(mask)
    etch.etch(ckpt, etch.die_for(ckpt, kv_depth=16), mask)
    assert (mask / "qkv_000.w.bin").read_bytes() == text


@pytest.mark.parametrize("change", ["die", "checkpoint", "missing file", "short file", "no index entry", "format"])
def test_a_mask_is_etched_anew(change, ckpt, mask, tmp_path, monkeypatch):
    text = marked(mask)
    depth = 16
    if change == "die":
        depth = 24
    elif change == "checkpoint":
        ckpt = checkpoint.load(tiny.write(tmp_path / "other.gguf", seed=2))
    elif change == "missing file":
        (mask / "rope_000.bin").unlink()
    elif change == "short file":
        os.truncate(mask / "rope_000.bin", 9)
    elif change == "no index entry":
        (mask / "mask.json").write_text("{}")
    else:
        monkeypatch.setattr(index, "FORMAT", index.FORMAT + 1)
    etch.etch(ckpt, etch.die_for(ckpt, kv_depth=depth), mask)
    assert (mask / "qkv_000.w.bin").read_bytes() != text
    assert decode.read_back(mask) == original(ckpt)
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["mask"]


STOPS = [
    (KeyboardInterrupt(), KeyboardInterrupt, None),
    (OSError(28, "No space left on device"), InputError, "no space left: .* and the mask takes up to"),
    (OSError("9 requested and 3 written"), InputError, "no space left: .* and the mask takes up to"),  # of NumPy
    (PermissionError(13, "Permission denied"), PermissionError, "Permission denied"),  # which the command explains
]


@pytest.mark.parametrize(("stop", "error", "says"), STOPS)
def test_nothing_half_written(stop, error, says, ckpt, mask, tmp_path, monkeypatch):
    """Neither a new mask nor an old one in pieces, whatever stops the etcher in the middle."""
    before = {path.name: path.read_bytes() for path in mask.iterdir()}
    write = etch._write

    def stopping(path, words):
        if next(count, None) is None:
            path.write_bytes(next(iter(words)).tobytes()[:1])
            raise stop
        return write(path, words)

    monkeypatch.setattr(etch, "_write", stopping)
    for out in (mask, tmp_path / "new"):
        count = iter(range(12))
        with pytest.raises(error, match=says):
            etch.etch(ckpt, etch.die_for(ckpt, kv_depth=32), out)
    assert {path.name: path.read_bytes() for path in mask.iterdir()} == before
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == ["mask"]


def test_no_room_is_said_beforehand(ckpt, tmp_path, monkeypatch):
    monkeypatch.setattr(etch.space, "free", lambda _: 1 << 16)
    with pytest.raises(InputError, match=r"no space left: 0 MB are free, and the mask takes up to 0 MB \(") as refusal:
        etch.etch(ckpt, etch.die_for(ckpt), tmp_path / "mask")
    assert refusal.value.where == str(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["tiny.gguf"]


KILLED = """
import os, signal, sys
from models.checkpoint import checkpoint
from models.mask import etch
pieces, ckpt = etch.pieces, checkpoint.load(sys.argv[1])
def dying(ckpt, die, array, layer, kind):
    for piece in pieces(ckpt, die, array, layer, kind):
        yield piece[:1]
        if array == "gateup":
            os.kill(os.getpid(), signal.SIGKILL)
etch.pieces = dying
etch.etch(ckpt, etch.die_for(ckpt, kv_depth=16), sys.argv[2])
"""


def test_a_killed_etcher_leaves_no_mask(ckpt, tmp_path):
    """What it had written is no mask to anybody, and the next one removes it."""
    out = tmp_path / "masks" / "mask"
    done = subprocess.run([sys.executable, "-c", KILLED, ckpt.path, out], cwd=ROOT)
    assert done.returncode == -signal.SIGKILL
    (left,) = out.parent.iterdir()
    assert len(list(left.glob("new/*.bin"))) > 3 and not out.exists()
    etch.etch(ckpt, etch.die_for(ckpt, kv_depth=16), out)
    assert list(out.parent.iterdir()) == [out]
    assert decode.read_back(out) == original(ckpt)


@pytest.mark.parametrize("mix", MIXES)
def test_images_in_pieces_are_those_in_one(mix, tmp_path, monkeypatch):
    ckpt = checkpoint.load(tiny.write(tmp_path / "tiny.gguf", **MIXES[mix]))
    die = etch.die_for(ckpt, kv_depth=16)
    whole = list(etch.images(ckpt, die))
    monkeypatch.setattr(etch, "PIECE", 1000)
    assert len(list(etch.pieces(ckpt, die, "down", 0, Kind.CELLS))) > die.slices["down"]
    for one, other in zip(whole, etch.images(ckpt, die), strict=True):
        np.testing.assert_array_equal(one.words, other.words)


def test_a_large_mask_needs_little_memory(tmp_path, monkeypatch):
    """Etcher and audit hold pieces of an image, and its scales: less than a byte for each code of the largest array."""
    ckpt = checkpoint.load(tiny.write(tmp_path / "wide.gguf", layers=1, d_model=2048, d_ffn=1024))
    die = etch.die_for(ckpt, kv_depth=16)
    largest = 2048 * 2 * 1024
    for room in (etch, audit):
        monkeypatch.setattr(room, "PIECE", 1 << 14)
    assert ckpt.sha256  # which is kept: a file is read in pieces of its own
    tracemalloc.start()
    mask = etch.etch(ckpt, die, tmp_path / "mask")
    assert max(file.stat().st_size for file in mask.iterdir()) == largest // 2
    assert audit.audit(ckpt, die, mask) == []
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < largest


def test_no_other_folder_is_replaced(ckpt, tmp_path):
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "letter.txt").write_text("dear")
    with pytest.raises(InputError, match="would replace something else"):
        etch.etch(ckpt, etch.die_for(ckpt), precious)
    assert (precious / "letter.txt").read_text() == "dear"


def test_a_die_with_too_few_slices(ckpt, tmp_path):
    with pytest.raises(InputError, match="weights of head need 2 slices, the die has 1"):
        etch.etch(ckpt, Die(slices=dict.fromkeys(MATRICES, 1)), tmp_path / "mask")
    assert not (tmp_path / "mask").exists()


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        ({"act_w": 17}, "activation width"),
        ({"kv_w": 3}, "KV width"),
        ({"kv_depth": 1}, "KV depth"),
        ({"slots": 0}, "slots"),
    ],
)
def test_a_die_that_cannot_be_built(wrong, what, ckpt, tmp_path):
    with pytest.raises(InputError, match=what):
        etch.die_for(ckpt, **wrong)
    with pytest.raises(InputError, match=what):
        etch.etch(ckpt, Die(**wrong), tmp_path / "mask")
    assert not (tmp_path / "mask").exists()


DAMAGES = {
    "empty": (lambda m: os.truncate(m / "o_001.w.bin", 0), "o_001.w.bin holds 0 bytes, not 2048"),
    "short": (lambda m: os.truncate(m / "down_000.s.bin", 766), "down_000.s.bin holds 766 bytes, not 768"),
    "long": (lambda m: os.truncate(m / "final_norm_000.bin", 257), "final_norm_000.bin holds 257 bytes, not 256"),
    "missing": (lambda m: (m / "embed_000.w.bin").unlink(), "embed_000.w.bin: No such file"),
    "index": (lambda m: (m / "mask.json").write_text("{"), "mask.json is corrupt"),
    "no index": (lambda m: (m / "mask.json").unlink(), "no mask here"),
    "format": (lambda m: (m / "mask.json").write_text('{"format": 9}'), "the mask has format 9"),
    "padding": (lambda m: disturb(m / "head_000.s.bin", 155, 1), "padding of head_000"),
    "head unlike embedding": (lambda m: marked(m, "head_000.w.bin"), "different images of token_embd"),
    "m unlike d": (lambda m: disturb(m / "embed_000.s.bin", 0, 1 << 31), "values that Q8_0 has not"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_masks_are_told(damage, mask):
    harm, what = DAMAGES[damage]
    harm(mask)
    with pytest.raises(InputError, match=what):
        decode.read_back(mask)


def test_high_cells_of_a_4_bit_tensor_are_zero(tmp_path):
    ckpt = checkpoint.load(tiny.write(tmp_path / "tiny.gguf", kinds={"blk.0.attn_q.weight": "Q8_0"}))
    mask = etch.etch(ckpt, etch.die_for(ckpt, kv_depth=16), tmp_path / "mask")
    disturb(mask / "qkv_001.w.bin", -1, 1 << 28)
    with pytest.raises(InputError, match="values that Q4_1 has not"):
        decode.read_back(mask)


def test_one_digit_of_one_layer_changes_one_tensor(ckpt, mask):
    marked(mask)
    found = decode.read_back(mask)
    assert [name for name, raw in original(ckpt).items() if found[name] != raw] == ["blk.0.attn_v.weight"]


def test_shape_package(ckpt, tmp_path):
    die = etch.die_for(ckpt, kv_depth=16, block=dict.fromkeys(MATRICES, 32) | {"down": 64})
    path = sv_package.write(ckpt.shape, die, tmp_path / "new" / "shape_pkg.sv", view="switch", turn_clks=16)
    lines = path.read_text().splitlines()
    for name, value in {
        "LAYERS": 3, "D_MODEL": 64, "HEADS": 4, "KV_HEADS": 2, "HEAD_DIM": 16, "D_FFN": 96, "VOCAB": 150,
        "VOCAB_PAD": 160, "KV_DEPTH": 16, "SLOTS": 2, "ACT_W": 12, "KV_W": 10, "SLICES_EMBED": 2, "NORM_SQN": 32768,
        "NORM_SQE": 3, "SCORE_C": 23637, "VIEW": 2, "TURN_CLKS": 16,
    }.items():  # fmt: skip
        assert f"  localparam int {name} = {value};" in lines
    for function, values in {
        "array_inputs": (64, 64, 64, 96, 64),
        "array_outputs": (128, 64, 192, 64, 160),
        "array_block": (32, 32, 32, 64, 32),
        "array_slices": (1, 1, 1, 1, 2),
        "array_share": (1, 1, 1, 1, 1),
        "array_modules": (3, 1, 2, 1),
    }.items():
        found = [line.strip() for line in lines if f": {function} =" in line]
        cases = [f'"{array}": {function} = {value};' for array, value in zip(MATRICES, values, strict=False)]
        assert found == [*cases, f"default: {function} = 0;"]
    assert "  localparam logic [39:0] NORM_NEPS = 40'd2748779;" in lines


def test_shape_package_is_written_only_when_it_changes(ckpt, tmp_path):
    path = sv_package.write(ckpt.shape, Die(), tmp_path / "shape_pkg.sv")
    os.utime(path, ns=(1, 1))
    sv_package.write(ckpt.shape, Die(), path)
    assert path.stat().st_mtime_ns == 1
    sv_package.write(ckpt.shape, Die(slots=3), path)
    assert path.stat().st_mtime_ns != 1
    assert "SLOTS = 3;" in path.read_text()
    assert set(os.listdir(tmp_path)) == {"shape_pkg.sv", "tiny.gguf"}


@pytest.mark.parametrize(
    ("wrong", "what"),
    [({"view": "gates"}, "unknown view 'gates'"), ({"turn_clks": 0}, "0 clocks")],
)
def test_shape_package_of_a_wrong_build(wrong, what, ckpt, tmp_path):
    with pytest.raises(InputError, match=what):
        sv_package.write(ckpt.shape, Die(), tmp_path / "shape_pkg.sv", **wrong)
    assert not (tmp_path / "shape_pkg.sv").exists()


def test_symmetric(tmp_path):
    """A die may take an array for symmetric where every tensor of it is, by the same offset; the mask is the same."""
    kinds = {"attn_output": "Q4_0", "token_embd": "Q8_0"}
    ckpt = checkpoint.load(tiny.write(tmp_path / "tiny.gguf", kinds=kinds))
    plain = etch.die_for(ckpt, kv_depth=16)
    whole = [etch.etch(ckpt, die, tmp_path / name) for name, die in (("a", plain), ("b", _less(plain, o=8)))]
    images = [{file.name: file.read_bytes() for file in mask.glob("*.bin")} for mask in whole]
    assert images[0] == images[1] and images[0]
    for wrong in ({"o": 16}, {"qkv": 8}):
        with pytest.raises(InputError, match=r"takes all codes of .* for symmetric"):
            etch.etch(ckpt, _less(plain, **wrong), tmp_path / "c")


def _less(die, **offset):
    """The die with these offsets."""
    return dataclasses.replace(die, offset=die.offset | offset)
