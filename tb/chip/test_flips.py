"""Bits that flip in the SRAMs while a chip answers: corrected, counted, and no value is another for it."""

from models import checkpoint, tiny
from tb.cartridge import adapters
from tb.chip.job import Chip
from tb.conversation import Conversation

LEAST = {"layers": 1, "d_model": 32, "heads": 1, "kv_heads": 1, "head_dim": 32, "d_ffn": 32, "vocab": 100}


def test_flips(tmp_path):
    chip = Chip.of(checkpoint.load(tiny.write(tmp_path / "tiny.gguf", **LEAST)), kv_depth=8, rank=2)
    resident = [str(adapters.random(chip, 5, tmp_path / "all.npz", keep=1))]
    talks = [Conversation(0, [5, 6, 9], 4, adapter=1), Conversation(1, [50, 7], 4)]
    report = chip.run(talks, [], simulator="icarus", test="flips", adapters=resident, poll=100)
    assert report["mismatches"] == 0 and report["sram_words_failed"] == 0
    assert report["sram_words_corrected"] > 5
