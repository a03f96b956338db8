# SPDX-License-Identifier: Apache-2.0
"""Timing: paths are as long as their cells, by hand; what gates mean; a missing mapper; how often lines change."""

import itertools

import numpy as np
import pytest

from models.checkpoint import checkpoint, tiny
from models.die.shape import Die
from models.errors import InputError
from scripts.silicon import cells, timing
from scripts.silicon.cells import LIBRARY, lines_ps
from scripts.silicon.energy import activity, transitions
from scripts.silicon.timing import time_netlist

A, Q0, Q1, N0, N1, CLK, EN, D = range(2, 10)


def cell(kind: str, **pins: int) -> dict:
    """A cell of a netlist in yosys' JSON."""
    ways = {pin: "output" if pin in "YQ" else "input" for pin in pins}
    return {"type": kind, "port_directions": ways, "connections": {pin: [bit] for pin, bit in pins.items()}}


def netlist(**own: dict) -> dict:
    """A flip-flop and an input whose NAND, inverted, goes to another flip-flop behind a clock gate; ``own`` cells."""
    made = {
        "first": cell("$_DFF_P_", C=CLK, D=A, Q=Q0),
        "nand": cell("$_NAND_", A=Q0, B=A, Y=N0),
        "not": cell("$_NOT_", A=N0, Y=N1),
        "second": cell("$_DFFE_PP_", C=CLK, D=N1, E=EN, Q=Q1),
    }
    ports = {name: {"direction": "input", "bits": [bit]} for name, bit in (("a", A), ("clk", CLK), ("en", EN))}
    names = {"a": A, "first_q": Q0, "second_q": Q1}
    nets = {name: {"hide_name": 0, "bits": [bit]} for name, bit in names.items()}
    return {"modules": {"made": {"ports": ports, "cells": made | own, "netnames": nets, "attributes": {}}}}


def delay(name: str, size: int, load_ff: float, corner: str) -> float:
    """Of a cell, by hand, in ps."""
    slope = LIBRARY["ps_per_ff"][corner]
    return LIBRARY["cells"][name][corner] - 2.0 * slope + slope / size * load_ff


@pytest.mark.parametrize("corner", cells.CORNERS)
def test_a_path_is_as_long_as_its_cells(corner):
    """Flip-flop, NAND, inverter, flip-flop: each with the input of the next and 3 um of wire as its load. The first
    flip-flop drives like a buffer of size 4; of the cells, the first became 4 and the second twice as large."""
    found = time_netlist(netlist(), "made")
    assert found.cells == {"NAND2x4": 1, "INVx2": 1}
    assert (found.flops, found.clock_gates, found.ram_bits) == (2, 1, 0)
    logic = LIBRARY["ps_per_ff"][corner] / 4 * (4 * 0.60 + 0.5)
    logic += delay("NAND2", 4, 2 * 0.58 + 0.5, corner) + delay("INV", 2, 0.58 + 0.5, corner)
    assert found.logic_ps[corner] == pytest.approx(logic, abs=0.05)
    assert found.path_ps[corner] - found.logic_ps[corner] == pytest.approx({"slow": 102, "typical": 68}[corner])
    assert (found.start in ("a", "first_q"), found.end) == (True, "second_q")
    assert found.transistors == 4 + 2 + 2 * 24 + 24
    assert found.area_um2 == pytest.approx(0.08748 * 2.5 + 0.04374 * 1.5 + 2 * 0.2916 + 0.30618)


def test_a_longer_path_is_found_and_named():
    """Two more gates behind the inverter, and a flip-flop behind them: the path ends there, and takes longer."""
    more = {
        "xor": cell("$_XOR_", A=N1, B=Q1, Y=D + 1),
        "and": cell("$_AND_", A=D + 1, B=EN, Y=D),
        "third": cell("$_DFF_P_", C=CLK, D=D, Q=D + 2),
    }
    flat = netlist(**more)
    flat["modules"]["made"]["netnames"]["third_q"] = {"hide_name": 0, "bits": [D + 2]}
    short, long = time_netlist(netlist(), "made"), time_netlist(flat, "made")
    assert long.end == "third_q"
    assert long.logic_ps["slow"] > short.logic_ps["slow"] + delay("XOR2", 8, 1, "slow")


def test_what_no_cell_drives_begins_a_path():
    """A mask's bits have no name and no driver, memories end paths at their addresses and begin them at their data."""
    memory = cell("$mem_v2", RD_ADDR=N1, RD_DATA=D) | {"parameters": {"SIZE": "100", "WIDTH": "1"}}
    memory["port_directions"]["RD_DATA"] = "output"
    flat = netlist(memory=memory)
    assert time_netlist(flat, "made").ram_bits == 4
    assert time_netlist(flat, "made").end in ("memory.RD_ADDR", "second_q")


def covers(kind: str, values: tuple[int, ...]) -> bool:
    """Whether a gate's output is 1, by its rows in BLIF."""
    rows = timing.LOGIC[kind][1].split("\n")
    return any(all(want in ("-", str(value)) for want, value in zip(row, values, strict=False)) for row in rows)


def test_gates_are_what_yosys_means_by_them():
    """yosys' manual, "Gates": a multiplexer gives B where S is 1; ANDNOT and ORNOT invert B."""
    meant = {
        "$_BUF_": lambda a: a,
        "$_NOT_": lambda a: not a,
        "$_AND_": lambda a, b: a and b,
        "$_NAND_": lambda a, b: not (a and b),
        "$_OR_": lambda a, b: a or b,
        "$_NOR_": lambda a, b: not (a or b),
        "$_ANDNOT_": lambda a, b: a and not b,
        "$_ORNOT_": lambda a, b: a or not b,
        "$_XOR_": lambda a, b: a != b,
        "$_XNOR_": lambda a, b: a == b,
        "$_MUX_": lambda a, b, s: b if s else a,
    }
    assert meant.keys() == timing.LOGIC.keys()
    for kind, function in meant.items():
        for values in itertools.product((0, 1), repeat=len(timing.LOGIC[kind][0])):
            assert covers(kind, values) == bool(function(*values)), (kind, values)


def test_the_lines_of_a_block():
    """A bit line of 32 cells is pulled by one fin: 19.2 ps/fF in all; one of 4096 rows has four segments."""
    cell_ff = 0.06 + 0.108 * 0.17
    assert lines_ps(1024, 32, "slow")["bit"] == pytest.approx(3 * 6.4 * 32 * cell_ff + 21)
    assert lines_ps(16384, 32, "slow")["bit"] == pytest.approx(3 * 6.4 * 128 * cell_ff + 4 * 21)
    fo4 = 21 + 6.4 * (4 * 0.58 - 2)
    word_ff = 32 * 512 * (0.108 * 0.17 + 0.20)
    assert 0.58 * 4**6 < word_ff < 0.58 * 4**7 and lines_ps(1024, 32, "slow")["word"] == pytest.approx(7 * fo4)


def test_a_missing_mapper_is_one_line(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(InputError, match=r"^berkeley-abc is missing \(PATH\); [^\n]*$"):
        time_netlist(netlist(), "made")


def test_a_mapper_that_fails_is_one_line(monkeypatch):
    monkeypatch.setattr(timing, "MAPPING", "\nread_lib no.lib\n")
    with pytest.raises(InputError, match=r"^berkeley-abc does not time made [^\n]*$"):
        time_netlist(netlist(), "made")


def test_changes_of_a_line():
    """1 is a rise and a fall, -1 a rise and no fall, 0b0101 four changes; of a row's 16 lines one never moves."""
    assert transitions(np.array([0, 1, -1, 5, -2]), 8).tolist() == [0, 2, 1, 4, 1]


def test_activity_is_of_what_a_model_carries(tmp_path):
    """A line of random bits changes in about half of 16 clocks, in fewer where small values have many equal signs."""
    ckpt = checkpoint.load(tiny.write(tmp_path / "tiny.gguf"))
    found = activity(ckpt, Die(kv_depth=8, slots=1), list(range(8)))
    assert 3 < found["bit_line_a_weight"] < 8
    assert 15 * 3 < found["product_lines_a_row"] < 15 * 8
