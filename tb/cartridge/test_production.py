# SPDX-License-Identifier: Apache-2.0
"""The production test, through the host port alone: a good die passes, one with a defect fails and is diagnosed."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from models.checkpoint import checkpoint, tiny
from models.defects.defect import Defect, draw, effect
from models.defects.diagnosis import suspects
from models.defects.plant import planted
from models.defects.production import PROMPTS, Production, Sweep, behind, load, sweep
from models.golden.chip import Chip
from models.golden.signature import Place, places, signatures
from models.golden.stage import CHIP
from models.mask.damage import damage
from tb.chip.job import BuiltChip
from tb.oracle.conversation import Conversation

pytestmark = pytest.mark.once


class Station:
    """A chip, its production test, and what that says to masks."""

    def __init__(self, path: Path, shape: dict, simulator: str, depth: int, prompts: str = "") -> None:
        self.simulator = simulator
        self.chip = BuiltChip.of(checkpoint.load(tiny.write(path, **shape)), kv_depth=depth, rank=0)
        self.prompts = load(PROMPTS / prompts) if prompts else sweep(self.chip.ckpt.shape, self.chip.die)
        self.test = Production.of(self.chip.ckpt, self.chip.die, self.prompts)

    def play(self, mask: Path, prompts: list[list[int]]) -> tuple[list[int], list[dict[Place, int]]]:
        """What a die of this mask answers to prompts, and its signatures after each."""
        talks = [Conversation(0, prompt, 1) for prompt in prompts]
        report = replace(self.chip, mask=mask).run(
            talks,
            [],
            simulator=self.simulator,
            test="production",
            bench="cartridge",
            poll=200,
        )
        every = places(self.chip.ckpt.shape.layers)
        signatures = [dict(zip(every, read, strict=True)) for read in report["signatures"]]
        return [talk["answer"][0] for talk in report["conversations"]], signatures

    def verdict(self, mask: Path, prompts: int) -> str:
        """The first thing that is wrong with a die of this mask in so many prompts; '' if it passes."""
        answers = zip(*self.play(mask, self.prompts[:prompts]), strict=True)
        said = (self.test.judge(index, answer, found) for index, (answer, found) in enumerate(answers))
        return next(filter(None, said), "")

    @contextmanager
    def broken(self, defect: Defect) -> Iterator[Path]:
        """A mask with a defect."""
        with tempfile.TemporaryDirectory(dir=self.chip.mask.parent, prefix=".defect-") as scratch:
            yield damage(self.chip.mask, Path(scratch, "mask"), self.chip.ckpt.shape, self.chip.die, defect)

    def golden_verdict(self, defect: Defect) -> str:
        """What the golden model with a defect says to the test."""
        ckpt, die = self.chip.ckpt, self.chip.die
        chip, found = Chip(ckpt, die, slots=1), dict.fromkeys(places(ckpt.shape.layers), 0)
        with planted(chip, ckpt, defect):
            for index, prompt in enumerate(self.prompts):
                chip.reset(0)
                steps = chip.run(0, prompt)
                found = signatures(steps, found, die.lanes)
                if said := self.test.judge(index, steps[-1].token_out, found):
                    return said
        return ""

    def hold(self, defect: Defect) -> str:
        """The RTL with a defect fails at the same prompt and place as the golden model; gives what is said of it."""
        wanted = self.golden_verdict(defect)
        prompts = int(wanted.split()[1].rstrip(":")) + 1 if wanted else len(self.prompts)
        with self.broken(defect) as mask:
            assert self.verdict(mask, prompts) == wanted, defect
        return wanted


@pytest.fixture(scope="module")
def station(tmp_path_factory) -> Station:
    """On Icarus, which runs the least model before Verilator has compiled it."""
    return Station(tmp_path_factory.mktemp("production") / "least.gguf", tiny.LEAST, "icarus", 12, "least.json")


def test_good_die(station):
    """Every signature after every prompt of the file is the golden model's, and so are the answers."""
    assert station.prompts == sweep(station.chip.ckpt.shape, station.chip.die)
    assert [token for prompt in station.prompts for token in prompt] == list(range(100))
    assert [len(prompt) for prompt in station.prompts] == [12] * 8 + [4]
    assert station.verdict(station.chip.mask, 2) == ""


@pytest.mark.parametrize("array", ["qkv", "attn_norm", "head"])
def test_broken_die(station, array):
    """It fails, and the place is right."""
    drawn = draw(station.chip.ckpt, station.chip.die, 1, 200)
    defect = next(one for one in drawn if one.array == array and not effect(station.chip.ckpt, station.chip.die, one))
    assert station.hold(defect) == f"prompt 0: {where(defect)}"


def test_row_and_column(station):
    """Prompts of one token tell which via it is."""
    ckpt, tokens = station.chip.ckpt, [5, 77, 9]
    defect = next(one for one in draw(ckpt, station.chip.die, 1, 200) if (one.array, one.kind) == ("down", "via moved"))
    with station.broken(defect) as mask:
        _, read = station.play(mask, [[token] for token in tokens])
    found = suspects(ckpt, Chip(ckpt, station.chip.die, slots=1), behind(defect), tokens, read)
    assert defect in found and {(one.out, one.at) for one in found} == {(defect.out, defect.at)}


def where(defect: Defect) -> str:
    """What the test must say of a defect."""
    layer, array = behind(defect)
    return f"{'chip' if layer == CHIP else f'layer {layer}'}, {array}"


def test_most_defects_are_seen_and_named(station):
    """By the golden model: of 220 drawn ones all in cells and scales, each where it is."""
    ckpt, die = station.chip.ckpt, station.chip.die
    missed, coverage = [], Sweep(ckpt, die, len(station.prompts))
    for defect in draw(ckpt, die, 2, 220):
        if effect(ckpt, die, defect):
            continue
        said = station.golden_verdict(defect)
        found = coverage.sees(defect)
        assert found == ((int(said.split()[1].rstrip(":")), behind(defect)) if said else None), defect
        if not said:
            missed.append(defect.kind)
            continue
        assert said.endswith(f": {where(defect)}"), f"{defect}: {said}"
    assert set(missed) <= {"gain bit", "angle bit"}
    assert len(missed) < 20


@pytest.mark.night
def test_layers_are_told_apart(tmp_path):
    """Three layers, drawn defects of every array, and the whole sweep of a good die."""
    station = Station(tmp_path / "tiny.gguf", {}, "verilator", 30)
    assert station.verdict(station.chip.mask, len(station.prompts)) == ""
    for defect in draw(station.chip.ckpt, station.chip.die, 3, 22):
        if not effect(station.chip.ckpt, station.chip.die, defect):
            station.hold(defect)
