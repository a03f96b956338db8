# SPDX-License-Identifier: Apache-2.0
"""Chips of K-quants: mixes as llama.cpp's quantiser makes them, every view, and what one broken line or digit does."""

import shutil
from dataclasses import replace

import pytest

from models.checkpoint import checkpoint, tiny
from models.golden.stage import CHIP, Stage
from models.mask.image import WORD, disturb
from tb.chip.job import BuiltChip
from tb.chip.test_faults import LISTED, faulty, located
from tb.oracle.conversation import Conversation
from tb.rig.cases import by_day
from tb.rig.runner import simulators

# Two super-blocks in down, and an embedding that is small.
WIDE = tiny.WIDE | {"kv_heads": 2, "d_ffn": 512, "vocab": 100}
ALONE = {"test": "one_after_another", "hold_cycles": True}
MIXES = {"verilator": ["Q3_K_M", "Q4_K_M"], "icarus": ["Q4_0"]}  # Q4_0: its embedding and head are Q6_K
# The smallest chip with a K-kind: o has the 256 inputs of eight heads, a span of 16, and one array beside it has none.
SMALL = tiny.LEAST | {"heads": 8, "kinds": {"attn_output": "Q6_K", "token_embd": "Q4_0"}}
VIEWS = {"verilator": ["gate"], "icarus": ["rom", "switch"]}
LONG = [("verilator", "Q4_K_M"), ("verilator", "gate"), ("icarus", "Q4_0"), ("icarus", "switch")]  # of both
# Layers of which v and down are not of one kind: nothing is narrower than a super-block but keys and values. As gates
# even three of them, the fewest of either mix, take more than 9 GB to compile.
DEEP = tiny.WIDE | {"kv_heads": 1, "vocab": 100, "layers": 8}
TALKS = [Conversation(1, [5, 6], 2)]


@pytest.fixture(scope="session")
def make(tmp_path_factory):
    """Builds the chip of a tiny checkpoint: make(shape, **what BuiltChip.of takes)."""

    def build(shape: dict, **die) -> BuiltChip:
        path = tiny.write(tmp_path_factory.mktemp("k_quants") / "tiny.gguf", **shape)
        return BuiltChip.of(checkpoint.load(path), kv_depth=4, **die)

    return build


@pytest.fixture(scope="session")
def chip(make) -> BuiltChip:
    """Spans of 16, integers of either sign, two slices for the few matrices that have more bits."""
    return make(WIDE | {"kinds": "Q3_K_M"})


def cases(of: dict[str, list[str]]) -> list:
    """Each simulator with each of its mixes or views, the long ones for the night."""
    return by_day(((simulator, what) for simulator in simulators() for what in of[simulator]), late=LONG)


@pytest.mark.parametrize(("simulator", "mix"), cases(MIXES))
def test_mix(make, simulator, mix):
    """Every stage of every token, in exactly the cycle model's clocks."""
    layers = 1 if simulator == "icarus" else WIDE["layers"]
    made = make(WIDE | {"layers": layers, "kinds": mix})
    report = made.run(TALKS, [], simulator=simulator, poll=200, **ALONE)
    assert report["mismatches"] == 0
    assert report["tokens_through_layers"] == 3


@pytest.mark.parametrize(("simulator", "view"), cases(VIEWS))
def test_view(make, simulator, view):
    """An array with integers beside arrays without, in every view: bits and clocks."""
    made = make(SMALL, view=view, bit_lines=8)
    assert (made.die.span["o"], made.die.superblock["o"], made.die.superblock["qkv"]) == (16, 256, 0)
    report = made.run([Conversation(0, [5], 2)], [], simulator=simulator, poll=200, **ALONE)
    assert report["mismatches"] == 0


@pytest.mark.night
@pytest.mark.once
@pytest.mark.parametrize("simulator", simulators())
@pytest.mark.parametrize("mix", ["Q4_K_M", "Q3_K_M"])
def test_unlike_layers(make, mix, simulator):
    """A mix by layer as llama.cpp makes it: bits and clocks."""
    made = make(DEEP | {"kinds": mix})
    kinds = {
        tuple(made.ckpt.tensors[f"blk.{layer}.{part}.weight"].kind for part in ("attn_v", "ffn_down"))
        for layer in range(DEEP["layers"])
    }
    assert len(kinds) == 2
    report = made.run([Conversation(0, [5], 2)], [], simulator=simulator, poll=200, **ALONE)
    assert (report["mismatches"], report["tokens_through_layers"]) == (0, 2)


@pytest.mark.night
@pytest.mark.once
@pytest.mark.parametrize("fault", LISTED.k_quants, ids=lambda fault: fault.name)
def test_fault(chip, fault):
    assert located(faulty(chip, "k_quants", LISTED.k_quants), TALKS, fault.plusarg) == fault.place


@pytest.mark.once
@pytest.mark.parametrize(
    ("image", "part", "layer", "stages"),
    [
        ("qkv_001.k.bin", 0.5, 1, {Stage.Q, Stage.K, Stage.V}),
        ("down_000.s.bin", 0.5, 0, {Stage.DOWN}),
        ("qkv_001.w.bin", 0.75, 1, {Stage.Q, Stage.K, Stage.V}),  # the second half are the high slices
        ("embed_000.k.bin", 0.055, CHIP, {Stage.EMBEDDING}),  # of token 5
        ("head_000.k.bin", 0.01, CHIP, {Stage.LOGITS}),
    ],
)
def test_one_digit(chip, image, part, layer, stages, tmp_path):
    """The lowest bit of one integer or cell, or the sign of one scale, in one layer."""
    assert chip.die.slices["qkv"] == 2
    mask = tmp_path / "mask"
    shutil.copytree(chip.mask, mask)
    words = (mask / image).stat().st_size // WORD.itemsize
    disturb(mask / image, int(part * words), 1 << 15 if image.endswith(".s.bin") else 1)
    assert located(replace(chip, mask=mask), TALKS) in {(layer, stage) for stage in stages}
