# SPDX-License-Identifier: Apache-2.0
"""The difference of two masks: what changes is counted where it is, and different dies are told apart."""

import pytest

from models.checkpoint import checkpoint, tiny
from models.die.shape import cell_count
from models.errors import InputError
from models.mask import diff, etch
from models.mask.image import whole_mask

SMALL = {"layers": 2, "d_model": 32, "heads": 2, "kv_heads": 2, "d_ffn": 32, "vocab": 128}


def load(folder, name, **changes):
    ckpt = checkpoint.load(tiny.write(folder / f"{name}.gguf", **SMALL | changes))
    ckpt.tensors.update({name: tensor.unpack() for name, tensor in ckpt.tensors.items()})  # to be changed
    return ckpt, etch.die_for(ckpt, kv_depth=16)


def changed(a, b, die):
    """Images that differ: (mask, image, layer) and their counts."""
    found = diff.compare(a, b, die)
    return {(c.mask, c.image, c.layer): (c.changed, c.bits) for c in found if c.changed}


def test_a_model_and_itself(tmp_path):
    ckpt, die = load(tmp_path, "a")
    found = diff.compare(ckpt, ckpt, die)
    assert not any(change.changed or change.bits for change in found)
    assert sum(change.size for change in found if change.mask == 1) == cell_count(ckpt.shape, die)
    assert len(found) == len(whole_mask(ckpt.shape, die))


def test_each_change_is_counted_where_it_is(tmp_path):
    """One code of a 4-bit matrix, both nibbles of an 8-bit code that stands in head and embedding, a scale, a gain."""
    (a, die), (b, _) = load(tmp_path, "a"), load(tmp_path, "b")
    b.tensors["blk.1.attn_k.weight"].q[5, 7] ^= 0b1010
    b.tensors["token_embd.weight"].q[9, 3] ^= 0x81
    b.tensors["blk.0.ffn_down.weight"].d[2, 0] ^= 0b111
    b.gains["output_norm.weight"].view("<u4")[4] ^= 0b11
    assert changed(a, b, die) == {
        (1, "qkv", 1): (1, 0),
        (1, "head", 0): (2, 0),
        (1, "embed", 0): (2, 0),
        (2, "down", 0): (1, 3),
        (2, "final_norm", 0): (1, 2),
    }


def test_other_angles_are_mask_2_of_the_same_die(tmp_path):
    a, b = (load(tmp_path, str(dim), rope_dim=dim) for dim in (16, 8))
    diff.check_geometry([a[0], b[0]], [a[1], b[1]])
    assert list(changed(a[0], b[0], a[1])) == [(2, "rope", 0)]


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"layers": 3}, "layers 2 in .*a.gguf, 3 in the other"),
        ({"d_ffn": 64}, "d_ffn 32 in .*a.gguf, 64 in the other"),
        ({"kinds": {"blk.1.attn_k.weight": "Q8_0"}}, "slices of qkv 1 in .*a.gguf, 2 in the other"),
    ],
)
def test_different_dies(changes, what, tmp_path):
    a, b = load(tmp_path, "a"), load(tmp_path, "b", **changes)
    with pytest.raises(InputError, match=what):
        diff.check_geometry([a[0], b[0]], [a[1], b[1]])
