# SPDX-License-Identifier: Apache-2.0
"""What is broken in layer 17 of Llama 3.1 8B, cut in width, is found and named there, side by side."""

import shutil
from dataclasses import replace

import pytest

from models.checkpoint import checkpoint, published
from models.golden.stage import Stage
from models.mask.image import disturb
from tb.apart import frames, part
from tb.chip.job import BuiltChip
from tb.oracle.conversation import Conversation, Job
from tb.rig.faults import Fault, write_broken

pytestmark = pytest.mark.once
SHAPE = replace(published.LLAMA_3_1_8B.shape, d_model=32, heads=1, kv_heads=1, d_ffn=32, vocab=100)
LAYERS, LAYER = 18, 17  # the layers behind it cannot change where it is found
TALKS = [Conversation(0, [5, 6], 1)]
LINE = Fault("layer-17", "rms_norm.sv", "6'(21 - SQE)", f"6'((id_i == {LAYER} ? 20 : 21) - SQE)")
FAULTS = {"line": {Stage.ATTN_NORM}, "digit": {Stage.GATE, Stage.UP}}
each = pytest.mark.parametrize(("fault", "stages"), FAULTS.items(), ids=FAULTS)


@pytest.fixture(scope="module")
def chip(tmp_path_factory) -> BuiltChip:
    path = tmp_path_factory.mktemp("depth") / "narrow.gguf"
    return BuiltChip.of(
        checkpoint.load(published.write(path, published.Published("narrow", SHAPE), LAYERS)), kv_depth=8
    )


def with_digit(chip: BuiltChip, folder) -> BuiltChip:
    """The chip with one digit of a mask that is wrong in the layer."""
    mask = shutil.copytree(chip.mask, folder / "mask")
    disturb(mask / f"gateup_{LAYER:03}.w.bin", 64, 8)
    return replace(chip, mask=mask)


@each
def test_side_by_side(chip, fault, stages, tmp_path):
    """In its own part; that no other says anything is seen in test_apart.py."""
    broken = with_digit(chip, tmp_path) if fault == "digit" else replace(chip, hdl=write_broken("depth", [LINE]))
    job = Job(chip.ckpt.path, chip.die, TALKS, [])
    assert len(list(frames.write(job, LAYERS, tmp_path))) == 3
    found = part.simulate(broken, job, tmp_path, LAYER, "icarus").problem
    assert any(f"layer {LAYER}, stage {stage.name.lower()}," in found for stage in stages), found
