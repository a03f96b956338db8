# SPDX-License-Identifier: Apache-2.0
"""What a simulation takes of memory: told beforehand, refused where it is not there, and held where it ran."""

import pytest

from models.checkpoint import checkpoint, published, tiny
from models.die.shape import Die
from models.errors import InputError
from models.mask.etch import die_for
from scripts.ask import question
from tb.chip import memory

SHAPE = published.LLAMA_3_1_8B.shape
ASKED = {"prompt": "Hi", "tokens": 1, "layers": None, "sim": "icarus", "seed": 1, "depth": 32, "die": "", "view": "rom"}


def free(monkeypatch, size: int) -> None:
    for ask in ("virtual_memory", "swap_memory"):
        room = type("Room", (), {"available": size, "free": 0})
        monkeypatch.setattr(memory.psutil, ask, lambda room=room: room)


def test_llama_3_1_8b():
    """The whole of it within 20 GiB, a layer or the head alone within 2 GiB."""
    die = Die(slices=dict.fromkeys(Die().slices, 1), embed_slices=1)
    assert 5e9 < memory.of_chip(SHAPE, die) < 20 << 30
    assert 0.4e9 < memory.of_part(SHAPE, die) < 2 << 30


@pytest.mark.parametrize("apart", [False, True])
def test_too_little_is_refused_before_anything_is_etched(apart, tmp_path, monkeypatch):
    model = tiny.write(tmp_path / "tiny.gguf", seed=41)
    ckpt = checkpoint.load(model)
    asked = question.ask(**ASKED, model=str(model), lora="", rank=None)
    size = memory.of_part if apart else memory.of_chip
    need = size(ckpt.shape, die_for(ckpt, kv_depth=32))
    free(monkeypatch, need - 1)
    with pytest.raises(InputError, match=r"its simulation takes 0\.3 GB of memory, 0\.3 GB are free") as refusal:
        asked.chip(apart)
    assert ("LAYERS" if apart else "make apart") in refusal.value.hint
    free(monkeypatch, need)
    memory.check(need, ckpt.path, "")
