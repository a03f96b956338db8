# SPDX-License-Identifier: Apache-2.0
"""The die's pins, each of which some check reads; faults of its wires that only these checks see."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from models.checkpoint import checkpoint, tiny
from models.die.shape import LANES
from tb.chip.job import BuiltChip
from tb.rig import tables
from tb.rig.faults import Fault, write_broken
from tb.rig.record import RunError
from tb.rig.runner import run

pytestmark = pytest.mark.once
# No two numbers that a die tells are alike but width and lanes, nor are the words of two arrays' banks.
SHAPE = {"layers": 2, "d_model": 32, "heads": 3, "kv_heads": 1, "head_dim": 32, "d_ffn": 64, "vocab": 101}
DIE = {"kv_depth": 15, "slots": 3, "rank": 4, "adapters": 5, "top_k": 7}


@dataclass(frozen=True)
class Unseen(Fault):
    """A fault, and the cocotb test that must fail."""

    test: str


@dataclass(frozen=True)
class PinFaults:
    """faults.toml."""

    fault: list[Unseen]


FAULTS = tables.load(Path(__file__).with_name("faults.toml"), PinFaults).fault


@pytest.fixture(scope="module")
def chip(tmp_path_factory) -> BuiltChip:
    """A small die."""
    return BuiltChip.of(checkpoint.load(tiny.write(tmp_path_factory.mktemp("pins") / "tiny.gguf", **SHAPE)), **DIE)


def look(chip: BuiltChip, trace: Path, test: str = "", fault: str = "none") -> None:
    """Run the tests of the pins, or one of them."""
    shape, die = chip.ckpt.shape, chip.die
    geometry = {"LAYERS": shape.layers, "VOCAB": shape.vocab, "D_MODEL": shape.d_model, "LANES": LANES}
    geometry |= {"SLOTS": die.slots, "DEPTH": die.kv_depth, "ADAPTERS": die.adapters, "RANK": die.rank}
    d, q, kv, ffn = shape.d_model, shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim, shape.d_ffn
    arrays = [(3, d, q + 2 * kv), (1, q, d), (2, d, 2 * ffn), (1, ffn, d)]  # modules, inputs, outputs
    words = [(modules * inputs + outputs) // LANES + 1 for modules, inputs, outputs in arrays]
    beats = {"d_model": d // LANES, "q": q // LANES, "qkv": (q + 2 * kv) // LANES, "d_ffn": ffn // LANES}
    env = {"GEOMETRY": json.dumps(geometry | {"TOP_K": die.top_k}), "WORDS": json.dumps(words)}
    env["BEATS"] = json.dumps(beats)
    run(
        "cartridge",
        "tb.cartridge.pins_tests",
        simulator="icarus",
        shape_pkg=chip.shape_pkg,
        plusargs=(f"+mask={chip.mask}", f"+trace={trace}", f"+fault={fault}"),
        env=env | ({"COCOTB_TEST_FILTER": f"{test}$"} if test else {}),
        hdl=chip.hdl,
    )


def test_pins(chip, tmp_path):
    look(chip, tmp_path)


@pytest.mark.night
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_fault(chip, fault, tmp_path):
    with pytest.raises(RunError, match=fault.test):
        look(replace(chip, hdl=write_broken("pins", FAULTS)), tmp_path, fault.test, fault.name)
