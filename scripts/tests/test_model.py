# SPDX-License-Identifier: Apache-2.0
"""What a user is told about a checkpoint: what it loses on a die, and cells that stay empty."""

from models.checkpoint import tiny
from scripts.cli.model import load_model


def test_a_checkpoint_that_a_die_holds_as_it_is_says_nothing(tmp_path, capsys):
    load_model(str(tiny.write(tmp_path / "t.gguf", layers=1)))
    assert capsys.readouterr() == ("", "")


def test_conversion_and_empty_cells_are_a_line_each(tmp_path, capsys):
    kinds = {"attn_v": "F16", "token_embd": "Q4_0"}
    ckpt = load_model(str(tiny.write(tmp_path / "t.gguf", layers=1, kinds=kinds)))
    conversion, empty = capsys.readouterr().err.splitlines()
    assert conversion.startswith("note: 1 of 8 matrices (F16) go onto the die as Q8_0: relative RMS error 0.")
    heads, kv = 64 * 64, 32 * 64  # of q and k a cell is empty, whose v has 8 bits; 48 K cells in all
    cells = 2 * (heads + 2 * kv) + 64 * 64 + 2 * 64 * 96 + 96 * 64 + 64 * (150 + 160)
    share = f"{heads + kv:,} of {cells:,} cells are empty ({100 * (heads + kv) / cells:.1f} %)"
    assert empty == f"note: tensors of several widths share qkv: {share}"
    assert ckpt.tensors["blk.0.attn_v.weight"].kind == "Q8_0"
