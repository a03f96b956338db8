# SPDX-License-Identifier: Apache-2.0
"""The base die: its netlist follows from geometry and RTL, keeps all its logic, and knows nothing of any mask."""

import dataclasses
import re
import shutil

import pytest

from models.checkpoint import checkpoint, tiny
from models.errors import InputError
from models.mask import etch
from models.project import HDL
from scripts.silicon import netlist
from scripts.silicon.netlist import Unit

FREE = ("NAME", "VIEW", "TURN_CLKS")  # parameters that only simulation knows, or that all have alike
SMALL = {"layers": 1, "d_model": 32, "heads": 2, "kv_heads": 2, "d_ffn": 32, "vocab": 128}


def geometry(folder, seed=1, **changes):
    ckpt = checkpoint.load(tiny.write(folder / f"{seed}.gguf", seed=seed, **SMALL | changes))
    return ckpt.shape, etch.die_for(ckpt, kv_depth=16)


@pytest.fixture
def hdl(tmp_path):
    """A copy of the RTL that a test may spoil."""
    return shutil.copytree(HDL, tmp_path / "hdl")


def only(monkeypatch, *units):
    """Let a die consist of these units."""
    monkeypatch.setattr(netlist, "units", lambda shape, die: list(units))


def of_top(shape, die, top, gates):
    return [unit for unit in netlist.units(shape, die) if unit.top == top and unit.gates == gates]


def edit(file, old, new):
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def unused(text, wire):
    """Bits of an input that no cell of a netlist of gates listens to, and how many bits it has."""
    name = re.escape(wire)
    width = int(re.search(rf"(?m)^  wire width (\d+) input \d+ {name}$", text)[1])
    used = set()
    for port in re.findall(r"(?m)^    connect .+", text):
        used.update(map(int, re.findall(rf"{name} \[(\d+)\]", port)))
        for high, low in re.findall(rf"{name} \[(\d+):(\d+)\]", port):
            used.update(range(int(low), int(high) + 1))
        if re.search(rf"{name}(?! \[)(\s|$)", port):
            used.update(range(width))
    return set(range(width)) - used, width


@pytest.fixture(scope="module")
def gates(tmp_path_factory):
    """The text of each unit of the die that is made of gates, by module."""
    shape, die = geometry(tmp_path_factory.mktemp("gates"))
    units = [unit for unit in netlist.units(shape, die) if unit.gates and unit.top in ("block", "matrix")]
    with pytest.MonkeyPatch.context() as patch:
        only(patch, *units)
        texts = netlist.synthesise(shape, die).units
    return {unit.top: texts[unit.name] for unit in units}


def test_every_via_and_every_scale_bit_is_an_input_of_the_logic(gates):
    """A block of 32 x 32 cells, and the matrix around it, as gates: nothing is simplified away for want of a mask."""
    block, matrix = gates["block"], gates["matrix"]
    assert unused(block, r"\via_i") == (set(), 32 * 32 * 4)
    assert block.count("cell $_") > 32 * 32 * 4
    assert unused(matrix, r"\u_array.gen_gate.u_array.gen_block[0].via") == (set(), 32 * 32 * 4)
    assert unused(matrix, r"\u_array.gen_gate.u_array.u_drain.scales") == (set(), 32 * 32)
    assert len(re.findall(r"(?m)^  cell \\scaling_unit ", matrix)) == 32


@pytest.mark.night
def test_every_bit_of_an_integer_is_an_input_of_the_logic(tmp_path, monkeypatch):
    """The matrix of a die of K-quants as gates: each span's integers feed its column's multipliers."""
    shape, die = geometry(tmp_path)
    arrays = {"span": dict.fromkeys(die.span, 16), "superblock": dict.fromkeys(die.superblock, 32)}
    die = dataclasses.replace(die, **arrays)
    units = [unit for unit in netlist.units(shape, die) if unit.gates]
    only(monkeypatch, *(unit for unit in units if unit.top in ("matrix", "sub_scale")))
    texts = {name.partition("-")[0]: text for name, text in netlist.synthesise(shape, die).units.items()}
    assert unused(texts["sub_scale"], r"\integers_i") == (set(), 16)
    drain = r"\u_array.gen_gate.u_array.u_drain"
    assert unused(texts["matrix"], rf"{drain}.gen_integers.integers") == (set(), 32 * 32)
    assert unused(texts["matrix"], rf"{drain}.scales") == (set(), 32 * 32)
    hold(texts["matrix"], units, but={"matrix"})


def test_the_logic_is_there(tmp_path, monkeypatch):
    """Scaling units multiply, and every mask memory is a memory that is read and never written."""
    shape, die = geometry(tmp_path)
    wanted = [unit for unit in netlist.units(shape, die) if unit.top in ("layer", "embedding", "scaling_unit")]
    only(monkeypatch, *wanted)
    units = netlist.synthesise(shape, die).units
    gates = units[of_top(shape, die, "scaling_unit", True)[0].name]
    assert unused(gates, r"\scale_i") == ({15, 31}, 32)  # the signs of m and d: scale_drain gives them to the sums
    assert gates.count("cell $_") > 2000
    for name, masks in {"layer-words": ("gains", "angles"), wanted[1].name: ("cells", "scales")}.items():
        memories = re.findall(r"(?m)^  memory .*?(\S+)$", units[name])
        for mask in masks:
            assert [memory for memory in memories if memory.endswith(mask)], mask
        written = re.findall(r'cell \$mem(?:wr|init)\S* .*\n(?:.*\n)*?\s+parameter \\MEMID "(\S+)"', units[name])
        assert not [memory for memory in written if memory.endswith(("gains", "angles", "cells", "scales"))]


@pytest.mark.night
def test_the_units_make_the_whole_die(tmp_path, monkeypatch):
    shape, die = geometry(tmp_path)
    units = [unit for unit in netlist.units(shape, die) if not unit.gates]
    only(monkeypatch, *(unit for unit in units if unit.top in ("chip", "layer", "matrix")))
    hold("".join(netlist.synthesise(shape, die).units.values()), units, but={"chip"})


def test_the_units_of_gates_make_a_whole_matrix(gates, tmp_path):
    units = [unit for unit in netlist.units(*geometry(tmp_path)) if unit.gates]
    hold(gates["matrix"], units, but={"matrix"})


def hold(text, units, but):
    """What is a box in the text of a unit is a unit of its own, with every parameter that its instances ask for."""
    instances = re.findall(r"(?m)^  cell \\(\w+) .*\n((?:    parameter .*\n)*)", text)
    assert {box for box, _ in instances} == {unit.top for unit in units} - but
    for box, text in instances:
        given = dict(re.findall(r"parameter (?:signed )?\\(\w+) (\S+)", text))
        header = (HDL / f"{box}.sv").read_text().partition("\n);\n")[0]
        asked = {name: given[name] for name in re.findall(r"parameter[\w\s]* (\w+) +=", header) if name not in FREE}
        found = [{name: str(value) for name, value in unit.parameters.items()} for unit in units if unit.top == box]
        assert asked in [{name: value for name, value in unit.items() if name not in FREE} for unit in found], box


@pytest.mark.night
def test_another_geometry_is_another_die(tmp_path, monkeypatch):
    only(monkeypatch, Unit("chip"))
    first, again, other = (
        netlist.synthesise(*geometry(tmp_path, seed, layers=layers)) for seed, layers in ((1, 1), (2, 1), (3, 2))
    )
    assert first.sha256 == again.sha256 != other.sha256


def test_another_line_of_rtl_is_another_die(tmp_path, hdl, monkeypatch):
    shape, die = geometry(tmp_path)
    only(monkeypatch, Unit("block", {"N": 32}))
    before = netlist.sources(shape, die, hdl), netlist.synthesise(shape, die, hdl).sha256
    edit(hdl / "product_lines.sv", "// The product", "// Product")
    comment = netlist.sources(shape, die, hdl), netlist.synthesise(shape, die, hdl).sha256
    assert comment[0] != before[0] and comment[1] == before[1]
    edit(hdl / "product_lines.sv", "line[1] = x_q[0]", "line[1] = x_q[1]")
    assert netlist.synthesise(shape, die, hdl).sha256 != before[1]


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ('`include "{file}"\n', "No such file"),
        ('module peek; logic [31:0] rom[4]; initial $readmemh("{file}", rom); endmodule\n', "failed to open file"),
        ("nonsense\n", "expected a declaration"),
    ],
)
def test_nothing_but_the_rtl_can_be_read(line, what, tmp_path, hdl, monkeypatch):
    """A file that is there, by its full path, is not there for yosys; and bad RTL is told."""
    file = HDL / "mask_load.svh"
    assert file.is_file()
    shape, die = geometry(tmp_path)
    only(monkeypatch, Unit("peek" if "peek" in line else "clk_gate"))
    if "peek" in line:
        (hdl / "peek.sv").write_text(line.format(file=file))
    else:
        edit(hdl / "clk_gate.sv", "module", line.format(file=file) + "module")
    with pytest.raises(InputError, match=what):
        netlist.synthesise(shape, die, hdl)
