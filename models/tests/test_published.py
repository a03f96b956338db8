# SPDX-License-Identifier: Apache-2.0
"""Published shapes in random weights, and the golden model of a checkpoint that stays in its file."""

from dataclasses import replace

import numpy as np
import pytest

from models.checkpoint import checkpoint, fetch, published
from models.errors import InputError
from models.golden import chip, matrix
from models.mask.etch import die_for

WHOLE = published.LLAMA_3_1_8B.shape
SMALL = published.Published(
    "small", replace(WHOLE, layers=3, d_model=64, heads=4, kv_heads=2, head_dim=128, d_ffn=96, vocab=200)
)


def test_the_shape_of_llama_3_1_8b(tmp_path):
    """Its published dimensions, and the frequencies of its RoPE: as they were, stretched by 8, and between."""
    matrices = published.LLAMA_3_1_8B.matrices(WHOLE.layers)
    weights = sum(out * inputs for _, out, inputs in matrices) + 65 * WHOLE.d_model
    assert weights == 8_030_261_248
    factors = WHOLE.rope_factors
    assert (factors[:29], factors[35:]) == ((1.0,) * 29, (8.0,) * 29)
    assert all(1 < factor < 8 for factor in factors[29:35])


def test_first_layers_are_the_same_in_every_size(tmp_path):
    short, whole = (checkpoint.load(published.write(tmp_path / f"{n}.gguf", SMALL, n)) for n in (1, 3))
    assert (short.shape.layers, whole.shape.layers) == (1, 3)
    assert whole.shape.rope_factors == pytest.approx(WHOLE.rope_factors)
    for name, tensor in short.tensors.items():
        assert tensor.to_bytes() == whole.tensors[name].to_bytes()
    assert len({tensor.to_bytes() for tensor in whole.tensors.values()}) == len(whole.tensors)


def test_what_cannot_be_had_is_refused(tmp_path, monkeypatch):
    with pytest.raises(InputError, match="4 layers of small"):
        published.fetch(SMALL, 4, tmp_path)
    with pytest.raises(InputError, match="tiny has the layers that it has"):
        fetch.resolve("tiny", 2)
    monkeypatch.setattr(published.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1 << 20}))
    with pytest.raises(InputError, match=r"small of 1 layers takes 0\.1 GB, 0\.0 GB are free"):
        published.fetch(SMALL, 1, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_model_in_its_file_has_the_same_values(tmp_path, monkeypatch):
    """Matrices held as floats, and some columns of them at a time: every stage of every token."""
    ckpt = checkpoint.load(published.write(tmp_path / "small.gguf", SMALL, 2))
    die = die_for(ckpt, kv_depth=16)
    held = chip.Chip(ckpt, die).run(0, [3, 1, 4, 1, 5])
    monkeypatch.setattr(chip, "HELD", 0)
    monkeypatch.setattr(matrix, "AT_ONCE", 1000)
    streamed = chip.Chip(ckpt, die).run(0, [3, 1, 4, 1, 5])
    for one, other in zip(held, streamed, strict=True):
        assert one.stages.keys() == other.stages.keys() and one.token_out == other.token_out
        assert all(np.array_equal(one.stages[key], other.stages[key]) for key in one.stages)
