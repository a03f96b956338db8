# SPDX-License-Identifier: Apache-2.0
"""The cells of cells.toml: what they cost, as a liberty file for a mapper, and how long the lines of a block take."""

import math
import re
import tomllib
from pathlib import Path

FILE = Path(__file__).with_suffix(".toml")
LIBRARY = tomllib.loads(FILE.read_text())
CORNERS = ("slow", "typical")
FAR_FF = 100  # a load: tables are straight lines through this point and 0, and go on like that
STEPS = 0, FAR_FF / 2, FAR_FF  # the least that abc takes
HEADER = """library ({corner}) {{
  delay_model : table_lookup;
  time_unit : "1ps";
  capacitive_load_unit (1, ff);
  lu_table_template (by_load) {{
    variable_1 : input_net_transition; variable_2 : total_output_net_capacitance;
    index_1 ("{steps}"); index_2 ("{steps}");
  }}
"""
CONSTRAINTS = f"set_driving_cell {LIBRARY['driver']}\nset_load {{load}}\n"


def constraints() -> str:
    """What drives the logic and what it drives, as abc reads them: a flip-flop's input is an inverter's."""
    return CONSTRAINTS.format(load=LIBRARY["cells"]["INV"]["input_ff"] + LIBRARY["wire_ff"])


def cost(name: str) -> tuple[int, float]:
    """Transistors and um2 of a cell of some size, such as NAND2x4."""
    kind, size = name.rsplit("x", 1)
    cell = LIBRARY["cells"][kind]
    return cell["transistors"], cell["area_um2"] * (int(size) + 1) / 2


def inputs_ff(name: str) -> float:
    """Capacitance of all inputs of a cell of some size, with the wires to them."""
    kind, size = name.rsplit("x", 1)
    cell = LIBRARY["cells"][kind]
    return len(_pins(cell)) * (cell["input_ff"] * int(size) + LIBRARY["wire_ff"])


def liberty(corner: str) -> str:
    """All cells in all sizes, of one of CORNERS. A delay is that of any input and grows with the load alone."""
    cells = [_cell(name, size, corner) for name in LIBRARY["cells"] for size in LIBRARY["sizes"]]
    return HEADER.format(corner=corner, steps=_row(STEPS)) + "".join(cells) + "}\n"


def _pins(cell: dict) -> list[str]:
    return sorted(set(re.findall("[A-D]", cell["function"])))


def _row(values: tuple[float, ...]) -> str:
    return ", ".join(f"{value:.4f}" for value in values)


def _cell(name: str, size: int, corner: str) -> str:
    cell = LIBRARY["cells"][name]
    slope = LIBRARY["ps_per_ff"][corner]
    unloaded = cell[corner] - slope * LIBRARY["load_ff"]
    delays = tuple(unloaded + slope / size * load for load in STEPS)
    tables = "".join(
        f'      {kind} (by_load) {{ values ("{row}", "{row}", "{row}"); }}\n'
        for kinds, row in (
            (("cell_rise", "cell_fall"), _row(delays)),
            (("rise_transition", "fall_transition"), _row((15.0,) * len(STEPS))),
        )
        for kind in kinds
    )
    pins = _pins(cell)
    capacitance = cell["input_ff"] * size + LIBRARY["wire_ff"]
    inputs = "".join(f"    pin ({pin}) {{ direction : input; capacitance : {capacitance:.3f}; }}\n" for pin in pins)
    arcs = "".join(
        f'    timing () {{ related_pin : "{pin}"; timing_sense : non_unate;\n{tables}    }}\n' for pin in pins
    )
    area = cost(f"{name}x{size}")[1]
    return (
        f"  cell ({name}x{size}) {{ area : {area:.5f};\n{inputs}    pin (Y) {{ direction : output;\n"
        f'    max_capacitance : {FAR_FF * size}; function : "{cell["function"]}";\n{arcs}    }}\n  }}\n'
    )


def longest_ps(rows: int, bit_lines: int, corner: str) -> float:
    """How long it takes from the flip-flops of a block, by the slower of its lines, through a cell to the end of a bit
    line."""
    lines = lines_ps(rows, bit_lines, corner)
    return max(lines["product"], lines["word"]) + lines["bit"]


def lines_ps(rows: int, bit_lines: int, corner: str) -> dict[str, float]:
    """How long the lines of a block of ``rows`` take, by the model of cells.toml: a tree of inverters, each four times
    the last, to the cells of a product line and of a word line; then a bit line, pulled by one cell, and its sense
    stages.
    """
    line, inverter = LIBRARY["line"], LIBRARY["cells"]["INV"]
    wire = line["column_um"] * line["wire_ff_per_um"]
    fo4 = inverter[corner] + LIBRARY["ps_per_ff"][corner] * (4 * inverter["input_ff"] - LIBRARY["load_ff"])
    cells = rows // bit_lines  # of a bit line, and rows that a product line reaches

    def tree(load_ff: float) -> float:
        return math.ceil(math.log(load_ff / inverter["input_ff"], 4)) * fo4

    sources = line["columns"] / 16 * line["source_ff"]  # a cell has its via on one line of 16
    long = min(cells, line["segment"])
    pull = LIBRARY["ps_per_ff"][corner] * 3 / line["fins"] * long * (line["source_ff"] + wire)
    return {
        "product": tree(cells * (line["columns"] * wire + sources)),
        "word": tree(bit_lines * line["columns"] * (wire + line["gate_ff"])),
        "bit": pull + math.ceil(cells / line["segment"]) * inverter[corner],
    }
