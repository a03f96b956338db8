# SPDX-License-Identifier: Apache-2.0
"""What is broken in layer 17 of Llama 3.1 8B is found and named there, in a chain of layers and side by side.

Cut in width and to 18 layers; whole, for who names this file.
"""

import os
import shutil
from dataclasses import replace

import pytest

from models.checkpoint import checkpoint, published
from models.checkpoint.fetch import CHECKPOINTS
from models.golden.stage import Stage
from models.mask.etch import die_for
from models.mask.image import disturb
from tb.apart import frames, part
from tb.chip import memory
from tb.chip.job import BuiltChip
from tb.oracle.conversation import Conversation, Job
from tb.rig.faults import Fault, write_broken
from tb.rig.record import RunError

pytestmark = pytest.mark.once
LLAMA = published.LLAMA_3_1_8B
NARROW = replace(LLAMA.shape, d_model=32, heads=1, kv_heads=1, d_ffn=32, vocab=100)
LAYERS, LAYER = 18, 17  # the layers behind it cannot change where it is found
TALKS = [Conversation(0, [5, 6], 1)]
LINE = Fault("layer-17", "rms_norm.sv", "6'(21 - SQE)", f"6'((id_i == {LAYER} ? 20 : 21) - SQE)")
FAULTS = {"line": {Stage.ATTN_NORM}, "digit": {Stage.GATE, Stage.UP}}
each = pytest.mark.parametrize(("fault", "stages"), FAULTS.items(), ids=FAULTS)
WHOLE = (pytest.mark.by_name, pytest.mark.timeout(3600))
APART = {"narrow": "icarus", "whole": "verilator"}  # what simulates a part soonest, building included


@pytest.fixture(scope="module", params=["narrow", pytest.param("whole", marks=WHOLE)])
def size(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def chip(size, tmp_path_factory) -> BuiltChip:
    """Whole, it is the die of `make sim`, so that it is drawn, etched and built once."""
    if size == "whole":
        ckpt, die = checkpoint.load(published.fetch(LLAMA, None, CHECKPOINTS)), {"rank": 0}
        memory.check(memory.of_chip(ckpt.shape, die_for(ckpt, **die)), ckpt.path, "take a larger machine")
        return BuiltChip.of(ckpt, **die)
    path = tmp_path_factory.mktemp("depth") / "narrow.gguf"
    model = published.write(path, published.Published("narrow", NARROW), LAYERS)
    return BuiltChip.of(checkpoint.load(model), kv_depth=8)


def with_fault(chip: BuiltChip, fault: str, folder) -> BuiltChip:
    """The chip with a line that is wrong in the layer, or with one digit of its mask."""
    if fault == "line":
        return replace(chip, hdl=write_broken("depth", [LINE]))
    mask = shutil.copytree(chip.mask, folder / "mask", copy_function=os.symlink)
    image = mask / f"gateup_{LAYER:03}.w.bin"
    image.unlink()
    disturb(shutil.copy(chip.mask / image.name, image), 64, 8)
    return replace(chip, mask=mask)


@each
@pytest.mark.night
def test_chain(chip, fault, stages, tmp_path):
    """By the scoreboard alone: no assertion helps."""
    broken = with_fault(chip, fault, tmp_path)
    how = {"simulator": "verilator", "test": "one_after_another", "plusargs": ("+verilator+noassert",)}
    with pytest.raises(RunError, match="first divergence") as failure:
        broken.run(TALKS, [], **how)
    place = failure.value.record.divergence.place
    assert place.layer == LAYER and place.stage in stages


@each
def test_side_by_side(chip, size, fault, stages, tmp_path):
    """In its own part; that no other says anything is seen in test_apart.py."""
    job = Job(chip.ckpt.path, chip.die, TALKS, [])
    assert len(list(frames.write(job, chip.ckpt.shape.layers, tmp_path))) == 3
    found = part.simulate(with_fault(chip, fault, tmp_path), job, tmp_path, LAYER, APART[size]).problem
    assert any(f"layer {LAYER}, stage {stage.name.lower()}," in found for stage in stages), found
