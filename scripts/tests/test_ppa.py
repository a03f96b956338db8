# SPDX-License-Identifier: Apache-2.0
"""Silicon cost: synthesis counts what is there, the parts of a die add up, and bad parameters are one line."""

import dataclasses
import itertools
import json
from collections import Counter

import pytest

from models.die import cost
from models.die.cycles import Cycles
from models.die.shape import Die, Shape
from models.errors import InputError
from scripts import ppa
from scripts.silicon import blocks, search, synthesis, timing, units
from scripts.silicon.synthesis import FLOP, Parts, count_parts
from scripts.silicon.timing import Timed

SMALL = "serial_accumulator", "product_lines", "scaling_unit", "sub_scale", "block", "residual"


def test_an_accumulator_is_counted():
    """Every register bit of the module: its sum, its carry and the count; and at least an adder for each bit line."""
    one, many = (count_parts("serial_accumulator", {"PROD_W": 16, "BIT_LINES": n, "TURNS": 32 // n}) for n in (1, 8))
    assert (one.flops, many.flops) == (16 + 5 + 1 + 1, 16 + 5 + 4 + 4)
    assert many.transistors > one.transistors > one.flops * FLOP


def test_a_drain_is_counted():
    """The memory of a unit's columns: each has 49 bits of a part and 2 for the sum of two spans."""
    sizes = {"K": 64, "N": 8, "SHARE": 8, "ACT_W": 10}
    found = count_parts("scale_drain", sizes, without=("scaling_unit",), lanes=1)
    assert found.ram_bits == 8 * (49 + 2) and found.boxes == {"scaling_unit": 1}


def test_weights_are_no_part_of_the_logic():
    """The cells are a box, their vias inputs: the same logic whatever they hold."""
    block = count_parts("block", {"VIEW": 1, "BLOCK": 32, "N": 2, "BIT_LINES": 32}, without=("cell_array_gate",))
    assert block.boxes == {"cell_array_gate": 2}
    assert block.flops >= 32 * 12 + 2 * (16 + 6)


def test_a_refused_module_is_one_line():
    with pytest.raises(InputError, match="yosys refuses no_such_module"):
        count_parts("no_such_module", {})


def test_the_parts_of_a_die_add_up():
    """A die of free logic has its weight, scale and SRAM cells and nothing else."""
    free = cost.Units(**dict.fromkeys(cost.Units.__dataclass_fields__, 0) | {"cell": 1, "sram_bit": 6 * 1.05})
    wide = dict.fromkeys(Die().block, 16384)
    die = Die(slots=1, kv_depth=1024, block=wide, slices=dict.fromkeys(Die().slices, 1), embed_slices=1)
    made = cost.die(free, ppa.LLAMA, die)
    assert cost.parameters(ppa.LLAMA) == 8_030_261_248
    weights = made["weight cells"] + made["embedding cells"]
    assert weights == cost.parameters(ppa.LLAMA) - (2 * 32 + 1) * 4096
    assert made["scale cells"] == weights / 32 * 8
    assert made["KV SRAM"] == pytest.approx(32 * 1024 * 2 * (1024 * 10 + 8 * 5) * 6 * 1.05)
    held = "KV SRAM", "SECDED", "adapters"
    assert sum(made.values()) == pytest.approx(sum(made[name] for name in made if "cells" in name or name in held))


def test_what_sram_holds_is_counted_to_the_bit():
    """Check bits of a key of 128 values, as hdl/ecc_sram.sv has them, and of all exponents of a position; adapters of
    rank 8 in two banks, and none on a die without."""
    assert (cost.code_parts(1280), cost.check_bits(1280), cost.check_bits(80)) == (10, 10 * 9, 8)
    assert cost.check_bits(128) == 9 and cost.check_bits(16384) == 128 * 9
    free = cost.Units(**dict.fromkeys(cost.Units.__dataclass_fields__, 0) | {"sram_bit": 1})
    die = Die(slots=1, kv_depth=1024, lanes=128)
    made = cost.die(free, ppa.LLAMA, die)
    rows_and_columns = (3 * 4096 + 6144) + (4096 + 4096) + (2 * 4096 + 2 * 14336) + (14336 + 4096)
    banks = 2 * 32 * (rows_and_columns + 4 * 128) * 8 * 8
    assert made["adapters"] == banks
    assert made["SECDED"] == 32 * 1024 * (2 * 8 * 90 + 8) + banks / 128 * 9
    assert "adapters" not in cost.die(free, ppa.LLAMA, dataclasses.replace(die, rank=0))


def test_smollm2_takes_the_clocks_that_its_rtl_took():
    """25,651 a token at position 40, ROM view: `make sim` holds every token against the model itself."""
    assert Cycles.of(ppa.SMOLLM2, Die(), "rom").token(40) == 25_725


def test_the_frontier_beats_everything():
    dies = [(10, 9.0), (11, 8.0), (12, 8.5), (12, 8.0), (13, 1.0), (13, 2.0)]
    assert search.best(dies) == [(10, 9.0), (11, 8.0), (13, 1.0)]


def test_the_search_misses_no_die():
    """Every die of two small matrices' blocks and shares, one by one, and the frontier that the search finds."""
    shape = Shape(2, 96, 3, 1, 32, 128, 96, 1e-5, 1e4, 32)
    counts = {name: 100.0 + 37 * at for at, name in enumerate(cost.Units.__dataclass_fields__)} | {"cell": 1.0}
    units_, base = cost.Units(**counts), Die(bit_lines=32, slots=1, kv_depth=64)
    found = {(one.time, round(one.transistors)): one.die for one in search.frontier(units_, shape, base, 20)}
    dies = [
        dataclasses.replace(base, block=base.block | {"qkv": a, "down": b}, share=base.share | {"qkv": c, "down": d})
        for a, b, c, d in itertools.product((32, 64, 96), (32, 64, 128), (1, 2, 4, 8), (1, 2, 4, 8))
    ]
    for die in (*dies, *found.values()):
        clocks, size = Cycles.of(shape, die).token(20), round(sum(cost.die(units_, shape, die).values()))
        assert any(fast <= clocks and small <= size for fast, small in found)
    for (clocks, size), die in found.items():
        assert (Cycles.of(shape, die).token(20), round(sum(cost.die(units_, shape, die).values()))) == (clocks, size)


@pytest.fixture
def quick(monkeypatch):
    """Synthesis of what a column is made of. What would take minutes has gates by its size."""

    def size(parameters: dict) -> int:
        columns = parameters.get("N", 8)
        return 1000 + 100 * columns + 50 * columns // parameters.get("SHARE", 1)

    def count(top: str, parameters: dict, **how: object) -> Parts:
        made = Parts(Counter({"$_AND_": size(parameters)}), 100, 0, Counter())
        return synthesis.count_parts(top, parameters, **how) if top in SMALL else made

    def time(top: str, parameters: dict, **how: object) -> Timed:
        cells = Counter(NAND2x1=size(parameters))
        made = Timed(cells, 100, 1, 0, {"slow": 3000.0, "typical": 2000.0}, "x_q", "y_q")
        return timing.time_module(top, parameters, **how) if top in SMALL else made

    monkeypatch.setattr(units, "count_parts", count)
    for module in (units, blocks):
        monkeypatch.setattr(module, "time_module", time)


def test_the_command_at_a_small_size(quick, monkeypatch, tmp_path, capsys):
    """Synthesis, timing, sweep, tables, plot and figures for two blocks and a short context."""
    monkeypatch.setattr(ppa, "RESULTS", tmp_path)
    monkeypatch.setenv("CLOCK", "2")
    small = {"LINES": (8, 32), "BLOCKS": (64, 2048), "LANES": (128,)}
    small |= {"SWEPT": (4, 6), "KINDS": {"Q6_K": (6, 16, 256, 32)}, "KIND_DIE": ppa.KIND_DIE | {"bit_lines": 8}}
    for name, value in (small | {"CONTEXTS": {32: 16, 64: 48}, "CONTEXT": 32, "DEEPEST": 64}).items():
        monkeypatch.setattr(ppa, name, value)
    assert ppa.main() == 0
    figures = json.loads((tmp_path / "ppa.json").read_text())
    rows = {(row["weight_bits"], row["block"]): row for row in figures["transistors_a_weight"] if row["bit_lines"] == 8}
    assert set(rows) == {(4, 64), (4, 2048), (6, 64), (6, 2048)}
    assert all(row["transistors"] == pytest.approx(sum(row["parts"].values())) for row in rows.values())
    assert rows[4, 64]["parts"]["weight cells"] * 2 == rows[6, 64]["parts"]["weight cells"] == 2
    assert rows[4, 64]["transistors"] > rows[4, 2048]["transistors"] > rows[4, 2048]["parts"]["weight cells"]
    (row,) = figures["transistors_a_weight_by_kind"]
    assert row["scale_bits"] == 16 / 256 + 8 / 16 and row["cells"] == 2
    assert row["transistors"] == pytest.approx(sum(row["parts"].values()))
    assert row["parts"]["scale cells"] == pytest.approx(6 / 256 + 3 / 16)
    assert row["scaling_unit"] > row["sub_scale"] > 8 * 25 * 6  # at least the products of its bits
    chosen, reach = figures["chosen"], figures["reach"]
    holding = reach[f"tokens_per_second_at_{chosen['position']}_of_{chosen['kv_positions']}_at_the_clock_that_holds"]
    assert holding == pytest.approx(chosen["cells"]["tokens_per_second_user"])
    assert set(figures["frontier"]) == {"32", "64"} and all(len(dies) > 10 for dies in figures["frontier"].values())
    for die in (*figures["fastest"], chosen, figures["chosen_in_3_and_6_bits"], figures["best_in_3_and_6_bits"]):
        at = str(die["position"])
        assert die["tokens_per_second_user"] == pytest.approx(1e9 * die["clock_ghz"] / die["cycles_per_token"][at])
        assert 1 < die["clock_ghz"] < 1.7  # 2 GHz are asked for
        assert die["clock_ghz_for_17000"][at] == pytest.approx(die["clock_ghz"] * 17000 / die["tokens_per_second_user"])
        assert die["transistors_per_parameter"] == pytest.approx(sum(die["parts_per_parameter"].values()))
    assert chosen == figures["best_by_kv_positions"]["32"] and chosen["transistors_per_parameter"] <= 6.6
    faster = [
        die for die in figures["frontier"]["32"] if die["tokens_per_second_user"] > chosen["tokens_per_second_user"]
    ]
    assert faster and all(die["transistors_per_parameter"] > 6.6 for die in faster)
    assert any(
        (die["tokens_per_second_user"], die["transistors"])
        == pytest.approx((chosen["tokens_per_second_user"], chosen["transistors"]))
        for die in figures["frontier"]["32"]
    )
    assert reach["tokens_per_second_at_16_of_32"] == chosen["tokens_per_second_user"]
    assert reach["tokens_per_second_at_48_of_64"] == figures["best_by_kv_positions"]["64"]["tokens_per_second_user"]
    assert figures["chosen_with_weights_not_symmetric"]["block"] == chosen["block"]
    paths = {row["block"]: row for row in figures["timing"]}
    assert paths["swiglu"]["slow_ns"] == pytest.approx(3.102) and paths["swiglu"]["stages"] == 8  # of 398 ps each
    assert 0.5 < paths["serial_accumulator"]["slow_ns"] < 2 and paths["serial_accumulator"]["end"]
    assert figures["clock_that_holds_ghz"] == min(row["clock_ghz"] for row in paths.values()) == 1 / 3.102
    own = chosen["cells"]
    assert own["tokens_per_second_user"] == pytest.approx(
        chosen["tokens_per_second_user"] / 3.102 / chosen["clock_ghz"]
    )
    assert own["transistors_per_parameter"] == pytest.approx(sum(own["parts_per_parameter"].values()))
    assert own["die_mm2"] == pytest.approx(sum(own["cells_mm2"].values()) / 0.7)
    assert {"SECDED", "adapters", "sampler", "host port"} <= own["parts_per_parameter"].keys()
    energy = figures["energy_a_token"]
    assert energy["total_uj"] == pytest.approx(sum(energy["projected_uj"].values()))
    assert energy["watts"]["user"] == pytest.approx(energy["total_uj"] * chosen["tokens_per_second_user"] / 1e6)
    assert "17000" in json.dumps(figures["documented"]) and "Llama 3.1 8B" in capsys.readouterr().out
    assert "</svg>" in (tmp_path / "ppa.svg").read_text()


def test_a_missing_mapper_is_said_at_once(monkeypatch, capsys):
    """Before minutes of synthesis, in one line."""
    monkeypatch.setenv("PATH", "/nowhere")
    assert ppa.main() == 2
    assert capsys.readouterr().err.startswith("error: berkeley-abc is missing (PATH); as root: ")


@pytest.mark.parametrize("clock", ["fast", "0", "-1", "11"])
def test_bad_clock(monkeypatch, capsys, clock):
    monkeypatch.setenv("CLOCK", clock)
    assert ppa.main() == 2
    assert capsys.readouterr().err.count("\n") == 1
