# SPDX-License-Identifier: Apache-2.0
"""The parts of a tiny chip side by side: together they compare what the chain does; a fault is named in its layer."""

import shutil
from dataclasses import replace

import pytest

from models.checkpoint import checkpoint, tiny
from models.golden.stage import CHIP
from models.mask.image import disturb
from tb.apart import frames, part
from tb.chip.job import BuiltChip
from tb.oracle.conversation import Conversation, Job
from tb.rig.faults import Fault, write_broken

pytestmark = pytest.mark.once
SHAPE = tiny.LEAST | {"layers": 2}
TALKS = [Conversation(1, [5, 6], 2), Conversation(0, [7], 2)]
TOKENS = 5  # through the layers
FAULT = Fault(
    "apart", "residual.sv", "64'($signed(skip_data_i[l*32+:32])) + ", "64'($signed(skip_data_i[l*32+:32])) - "
)
# No stage has the bit that says whether a token wants an answer: in a branch of the layer, and in what the next part
# would receive.
TAGS = {
    "parted": Fault(
        "branch",
        "swiglu.sv",
        "assign tag_o = tag_out;",
        "assign tag_o = {tag_out.parity, tag_out.adapter, !tag_out.gen, tag_out.slot, tag_out.pos};",
    ),
    "stray": Fault(
        "leaving",
        "layer.sv",
        "assign tag_o = ffn_residual_tag;",
        "assign tag_o = {ffn_residual_tag.parity, ffn_residual_tag.adapter, !ffn_residual_tag.gen, "
        "ffn_residual_tag.slot, ffn_residual_tag.pos};",
    ),
}


@pytest.fixture(scope="module")
def chip(tmp_path_factory) -> BuiltChip:
    path = tiny.write(tmp_path_factory.mktemp("apart") / "tiny.gguf", **SHAPE)
    return BuiltChip.of(checkpoint.load(path), kv_depth=8)


@pytest.fixture(scope="module")
def job(chip) -> Job:
    return Job(chip.ckpt.path, chip.die, TALKS, [])


@pytest.fixture(scope="module")
def folder(job, tmp_path_factory):
    """The frames of the job."""
    folder = tmp_path_factory.mktemp("frames")
    assert len(list(frames.write(job, SHAPE["layers"], folder))) == TOKENS + len(TALKS)
    return folder


def simulate(chip: BuiltChip, job: Job, folder, number: int) -> part.Result:
    return part.simulate(chip, job, folder, number, "icarus")


def test_the_parts_are_the_chain(chip, job, folder):
    """Every part gives the golden values, and all of them together are those that the chain compares."""
    chain = chip.run(TALKS, [], simulator="icarus", test="one_after_another", poll=100)
    results = [simulate(chip, job, folder, number) for number in frames.parts_of(SHAPE["layers"])]
    assert [result.problem for result in results] == [""] * 3
    assert [result.tokens for result in results] == [TOKENS, TOKENS, 4]
    assert sum(result.values_compared for result in results) == chain["values_compared"] - TOKENS * SHAPE["d_model"]


def test_a_broken_line_is_named_in_the_layer(chip, job, folder):
    broken = replace(chip, hdl=write_broken("apart", [FAULT]))
    said = simulate(broken, job, folder, 1).problem
    assert "layer 1, stage attn_residual" in said


@pytest.mark.parametrize("told", TAGS)
def test_a_tag_that_changes_on_its_way_is_seen(chip, job, folder, told):
    broken = replace(chip, hdl=write_broken(f"apart-{told}", [TAGS[told]]))
    assert simulate(broken, job, folder, 0).problem == f"layer 0 says {told}, and nothing was disturbed"


def test_a_broken_digit_is_named_in_its_layer_and_no_other(chip, job, folder, tmp_path):
    mask = tmp_path / "mask"
    shutil.copytree(chip.mask, mask)
    disturb(mask / "down_001.w.bin", 5, 8)
    broken = replace(chip, mask=mask)
    assert "layer 1, stage down" in simulate(broken, job, folder, 1).problem
    assert not simulate(broken, job, folder, 0).problem


def test_frames_that_are_short_are_no_pass(chip, job, folder, tmp_path):
    """A token that goes in and has no golden step is a mismatch, and so is a step whose token never comes."""
    for name in ("beats_000.hex", "frames_000.pickle"):
        cut = tmp_path / name
        shutil.copytree(folder, cut)
        content = (cut / name).read_bytes()
        half = content.split(b"\n")[:-2] if name.endswith("hex") else None
        (cut / name).write_bytes(b"\n".join(half) + b"\n" if half else content[: len(content) // 2])
        assert simulate(chip, job, cut, 0).problem


def test_nothing_to_run_is_refused(folder, chip, job, tmp_path):
    shutil.copytree(folder, tmp_path / "empty")
    (tmp_path / "empty" / "beats_255.hex").write_bytes(b"")
    assert "nothing was compared" in simulate(chip, job, tmp_path / "empty", CHIP).problem
