# SPDX-License-Identifier: Apache-2.0
"""Bits that flip in the SRAMs while a die answers: corrected or reported, counted, and no value is another for it."""

import pytest

from models.checkpoint import checkpoint, tiny
from tb.cartridge import adapters
from tb.cartridge.flips import MEMORIES
from tb.chip.job import BuiltChip
from tb.oracle.conversation import Conversation

SOON = ("keys", "o")  # one of the KV cache, one of the adapters


@pytest.mark.parametrize(
    "memory", [pytest.param(memory, marks=() if memory in SOON else pytest.mark.night) for memory in MEMORIES]
)
def test_flips(memory, tmp_path):
    chip = BuiltChip.of(checkpoint.load(tiny.write(tmp_path / "tiny.gguf", **tiny.LEAST)), kv_depth=8, rank=2)
    resident = [str(adapters.random(chip, 5, tmp_path / "all.npz", keep=1))]
    talks = [Conversation(1, [5, 6, 9], 2, adapter=1), Conversation(0, [50, 7], 2, adapter=1)]
    report = chip.run(
        talks,
        [],
        simulator="icarus",
        test="flips",
        bench="cartridge",
        adapters=resident,
        poll=100,
        settings={"MEMORY": memory},
    )
    assert report["counters"]["corrected"] and report["counters"]["failed"]
    assert {"sram_corrected", "sram_failed"} <= set(report["flags"])
