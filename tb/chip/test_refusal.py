# SPDX-License-Identifier: Apache-2.0
"""Runs the bench of a prompt that the KV cache cannot hold."""

import pytest

from models.checkpoint import checkpoint, tiny
from tb.chip.job import BuiltChip
from tb.rig.runner import run


@pytest.mark.once
def test_a_prompt_too_long(tmp_path):
    chip = BuiltChip.of(checkpoint.load(tiny.write(tmp_path / "tiny.gguf", **tiny.LEAST)), kv_depth=4)
    run(
        "chip",
        "tb.chip.refusal_tests",
        simulator="icarus",
        shape_pkg=chip.shape_pkg,
        plusargs=(f"+mask={chip.mask}", f"+trace={tmp_path}"),
    )
