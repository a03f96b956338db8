# SPDX-License-Identifier: Apache-2.0
"""Every assertion is silent on the RTL as it is, and ends the run, with its name and instance, on RTL with a fault."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from models.checkpoint import checkpoint, tiny
from models.project import HDL
from tb.chip.job import BuiltChip
from tb.rig import masks, tables
from tb.rig.build import PACKAGES
from tb.rig.faults import Fault, write_broken
from tb.rig.record import Record
from tb.rig.runner import run
from tb.uvm.bench import PORTS

pytestmark = pytest.mark.once
TESTS = "tb.evidence.assertions.assertion_tests"
WATCHDOG = 2000  # clocks: more than any module of the chip needs


@dataclass(frozen=True)
class Ended(Fault):
    """A fault, and the assertion that ends the run, in an instance of that name."""

    assertion: str
    instance: str


@dataclass(frozen=True)
class AssertionFault:
    """faults.toml, by design."""

    chip: list[Ended]
    matrix: list[Ended]


LISTED = tables.load(Path(__file__).with_name("faults.toml"), AssertionFault)
CHIP, GATE = LISTED.chip, LISTED.matrix
TOO_NARROW = [
    ("block_array_rom", "logic signed [31:0] sum_q", "logic signed [15:0] sum_q", {}, "a span's sum needs"),
    ("block_array_rom", "logic signed [63:0] acc_q", "logic signed [47:0] acc_q", {}, "an accumulator needs more"),
    ("scale_drain", "", "", {"K": 1 << 22, "N": 32, "ACT_W": 16, "SLICES": 2}, "accumulators of 73 bits"),
]


@pytest.fixture(scope="module")
def chip(tmp_path_factory) -> BuiltChip:
    """The smallest chip whose layer is compiled on its own."""
    path = tiny.write(tmp_path_factory.mktemp("assertions") / "tiny.gguf", **tiny.LEAST | {"layers": 2})
    return BuiltChip.of(checkpoint.load(path), kv_depth=4)


@pytest.fixture(scope="module")
def mask(tmp_path_factory) -> Path:
    """Images of a small matrix whose spans have integers."""
    folder = tmp_path_factory.mktemp("assertions")
    masks.matrix(folder, np.random.default_rng(1), "qkv", 0, 32, 32, 1, span=16, superblock=32)
    return folder


def talk(chip: BuiltChip, fault: str) -> Record:
    """Traffic through the chip."""
    plusargs = (f"+mask={chip.mask}", f"+watchdog={WATCHDOG}", f"+fault={fault}")
    hdl = write_broken("assertions", [*CHIP, *GATE])
    modules = [file for file in sorted(hdl.glob("*.sv")) if file.name not in (*PACKAGES, "chip.sv")]
    settings = {"shape_pkg": chip.shape_pkg, "sources": (PORTS, *modules), "profile": "small", "hdl": hdl}
    settings |= {"plusargs": plusargs, "build_args": ("--hierarchical",)}
    return run("chip", TESTS, simulator="verilator", **settings)


def multiply(mask: Path, fault: str) -> Record:
    """Traffic through the matrix."""
    sizes, plusargs = {"VIEW": 1, "K": 32, "N": 32, "SPAN": 16, "SUPER": 32}, (f"+mask={mask}", f"+fault={fault}")
    settings = {"parameters": sizes, "plusargs": plusargs, "hdl": write_broken("assertions", [*CHIP, *GATE])}
    return run("matrix", TESTS, simulator="verilator", **settings)


def ended_by(fault: Ended) -> str:
    """What the failure of a run says."""
    return rf"assertion \S*{fault.instance}\S*\.{fault.assertion}: .*replay"


@pytest.mark.night
def test_silent(chip, mask):
    talk(chip, "none")
    multiply(mask, "none")


@pytest.mark.night
@pytest.mark.parametrize("fault", CHIP, ids=lambda fault: fault.name)
def test_chip(chip, fault):
    with pytest.raises(AssertionError, match=ended_by(fault)):
        talk(chip, fault.name)


@pytest.mark.night
@pytest.mark.parametrize("fault", GATE, ids=lambda fault: fault.name)
def test_gate_view(mask, fault):
    with pytest.raises(AssertionError, match=ended_by(fault)):
        multiply(mask, fault.name)


@pytest.mark.parametrize("access", ["write", "read"])
def test_kv_sram(access):
    """An access behind the last slot."""
    sizes = {"SLOTS": 2, "DEPTH": 32, "WIDTH": 160}
    with pytest.raises(AssertionError, match=rf"assertion kv_sram.u_kv_assert.{access}_in_range"):
        run("kv_sram", TESTS, simulator="verilator", parameters=sizes, env={"ACCESS": access})


@pytest.mark.parametrize(("module", "old", "new", "parameters", "message"), TOO_NARROW)
def test_too_narrow(module, old, new, parameters, message, tmp_path, capsys):
    """What cannot hold its largest values is not even built."""
    hdl = tmp_path / "hdl"
    hdl.mkdir()
    for file in HDL.iterdir():
        text = file.read_text(encoding="utf-8")
        (hdl / file.name).write_text(text.replace(old, new) if old and file.stem == module else text, encoding="utf-8")
    with pytest.raises(AssertionError, match=f"the build of {module} failed"):
        run(module, TESTS, simulator="verilator", parameters=parameters, hdl=hdl)
    assert re.search(message, capsys.readouterr().out)


def test_all_are_shown():
    """No assertion is left without a fault that it ends."""
    source = "".join(file.read_text() for file in Path(__file__).parent.glob("*_assert.sv"))
    named = set(re.findall(r"`HOLDS\((\w+)", source))
    assert named == {fault.assertion for fault in [*CHIP, *GATE]} | {"write_in_range", "read_in_range"}
    assert source.count("$error(") == len(TOO_NARROW)
