# SPDX-License-Identifier: Apache-2.0
"""Breaks the RTL or the mask in one place, and sees that a run of the chip fails there: right layer, right stage.

What a fault corrupts first is known, so each is expected at one place. A fault that nothing catches fails its test.
Faults that a plusarg can switch are in one copy of the RTL.
"""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import gguf
import pytest

from models.checkpoint import checkpoint, tiny
from models.die.sv_package import VIEWS
from models.golden.stage import CHIP, Stage
from models.mask import angles, etch
from models.mask.image import WORD, disturb
from tb.chip.job import BuiltChip
from tb.oracle.conversation import Conversation
from tb.rig import tables
from tb.rig.faults import Fault, write_broken
from tb.rig.record import RunError
from tb.rig.runner import run

pytestmark = pytest.mark.once
SHAPE = {"layers": 2, "d_model": 32, "vocab": 100}  # sqrt(d_model) is no power of two: the norm rounds
BLOCK = {"BLOCK": 32, "SLICES": 1, "N": 4}  # as hardware: too slow for a whole chip on Icarus
BLOCK_TESTS = "tb.block.block_tests"
ALONE = "one_after_another"
# Positions beyond 0, an answer that is fed back, and a slot beside the first.
TALKS = [Conversation(1, [5, 6, 9], 2)]


@dataclass(frozen=True)
class Located(Fault):
    """A fault, and the layer ('chip' for none) and stage that must be named as the first that is wrong."""

    layer: int | str
    stage: str

    @property
    def place(self) -> tuple[int, Stage]:
        return CHIP if self.layer == "chip" else self.layer, Stage[self.stage.upper()]


@dataclass(frozen=True)
class ChipFault:
    """faults.toml: of the chip, of one with K-quants, of what no plusarg can switch, and of the block in two views."""

    chip: list[Located]
    k_quants: list[Located]
    gains: list[Located]
    gate: list[Fault]
    switch: list[Fault]


LISTED = tables.load(Path(__file__).with_name("faults.toml"), ChipFault)
FAULTS, GAINS = LISTED.chip, LISTED.gains
BLOCK_FAULTS = [*(("gate", fault) for fault in LISTED.gate), *(("switch", fault) for fault in LISTED.switch)]
MASKS = [
    ("embed_000.w.bin", CHIP, {Stage.EMBEDDING}),
    ("attn_norm_001.bin", 1, {Stage.ATTN_NORM}),
    ("qkv_001.w.bin", 1, {Stage.Q, Stage.K, Stage.V}),
    ("qkv_001.s.bin", 1, {Stage.Q, Stage.K, Stage.V}),
    ("o_000.w.bin", 0, {Stage.O_PROJ}),
    ("gateup_001.w.bin", 1, {Stage.GATE, Stage.UP}),
    ("down_001.w.bin", 1, {Stage.DOWN}),
    ("head_000.w.bin", CHIP, {Stage.LOGITS}),
]


@pytest.fixture(scope="session")
def chip(tmp_path_factory) -> BuiltChip:
    """A tiny chip whose head has every row twice, so that each answer is chosen among equals."""
    path = tiny.write(tmp_path_factory.mktemp("faults") / "twins.gguf", **SHAPE)
    embedding = next(t for t in gguf.GGUFReader(path, "r+").tensors if t.name == "token_embd.weight")
    embedding.data[1::2] = embedding.data[::2]
    embedding.data.base.flush()
    return BuiltChip.of(checkpoint.load(path), kv_depth=8)


def located(
    chip: BuiltChip, talks: list[Conversation], *plusargs: str, simulator: str = "verilator"
) -> tuple[int, Stage]:
    """(layer, stage) of the first divergence in a run that must fail, by the scoreboard alone: no assertion helps."""
    quiet = (*plusargs, "+verilator+noassert")
    with pytest.raises(RunError, match="first divergence") as failure:
        chip.run(talks, [], simulator=simulator, test=ALONE, poll=100, plusargs=quiet)
    place = failure.value.record.divergence.place
    return place.layer, place.stage


def faulty(chip: BuiltChip, name: str, faults: list[Fault]) -> BuiltChip:
    """The chip on RTL with faults."""
    return replace(chip, hdl=write_broken(name, faults))


def test_without_a_fault(chip):
    """The RTL as it is, and the RTL in which no fault is switched on, are right."""
    for good in (chip, faulty(chip, "chip", FAULTS)):
        report = good.run(TALKS, [], simulator="verilator", test=ALONE, hold_cycles=True, poll=100)
        assert report["mismatches"] == 0
        assert report["tokens_through_layers"] == 4


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_fault(chip, fault):
    assert located(faulty(chip, "chip", FAULTS), TALKS, fault.plusarg) == fault.place


@pytest.mark.parametrize("fault", GAINS, ids=lambda fault: fault.name)
def test_fault_of_a_constant(chip, fault):
    """No plusarg can switch it, and for one run Icarus is soonest."""
    assert located(faulty(chip, fault.name, [fault]), TALKS, simulator="icarus") == fault.place


def block(view: str, *plusargs: str) -> None:
    """The bench of the block, in a view, on RTL with faults."""
    hdl = write_broken("block", [fault for _, fault in BLOCK_FAULTS])
    settings = {"parameters": BLOCK | {"VIEW": VIEWS[view]}, "hdl": hdl}
    run("block", BLOCK_TESTS, simulator="icarus", plusargs=plusargs, **settings)


@pytest.mark.parametrize("view", ["gate", "switch"])
def test_block_without_a_fault(view):
    block(view)


@pytest.mark.parametrize(("view", "fault"), BLOCK_FAULTS, ids=[fault.name for _, fault in BLOCK_FAULTS])
def test_fault_in_the_block(view, fault):
    """The bench of the block alone finds what is wrong inside it."""
    with pytest.raises(AssertionError, match="tests failed"):
        block(view, fault.plusarg)


@pytest.mark.parametrize(("image", "layer", "stages"), MASKS, ids=[image for image, *_ in MASKS])
def test_one_hex_digit(chip, image, layer, stages, tmp_path):
    """One digit of one image, in the middle: of the token that the prompt starts with, for the embedding."""
    mask = tmp_path / "mask"
    shutil.copytree(chip.mask, mask)
    words = (mask / image).stat().st_size // WORD.itemsize
    disturb(mask / image, words // 2 if layer != CHIP else 5 * words // 100, 8 << 16)
    assert located(replace(chip, mask=mask), TALKS) in {(layer, stage) for stage in stages}


@pytest.mark.parametrize(("part", "place"), [("angles", (0, Stage.Q_ROPE)), ("nibbles", (CHIP, Stage.EMBEDDING))])
def test_wrong_etcher(chip, part, place, tmp_path, monkeypatch):
    """The golden model takes nothing from the mask: a table or an order that the etcher has wrong is a divergence."""
    table, pair = angles.table, etch._pair
    if part == "angles":
        slow = replace(chip.ckpt.shape, rope_base=2 * chip.ckpt.shape.rope_base)
        monkeypatch.setattr(angles, "table", lambda shape, depth: table(slow, depth))
    else:
        monkeypatch.setattr(etch, "_pair", lambda low, high, *rest: pair(high, low, *rest))
    mask = etch.etch(chip.ckpt, chip.die, tmp_path / "mask")
    assert located(replace(chip, mask=mask), TALKS) == place
