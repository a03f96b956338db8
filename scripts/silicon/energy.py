# SPDX-License-Identifier: Apache-2.0
"""Energy of a token: transitions that a run of the golden model gives, times capacitances of cells.toml.

Measured: how often product lines and bit lines change, from the mantissas and codes of a small model. Projected: how
many of them a larger one has, and the logic's activity, which is an assumption.
"""

import numpy as np

from models.checkpoint.checkpoint import Checkpoint
from models.die.shape import GROUP, MATRICES, Die, Shape, weight_counts
from models.die.widths import sum_widths
from models.golden.act_quantiser import act_quantiser
from models.golden.chip import Chip
from models.golden.stage import Stage
from scripts.silicon.cells import LIBRARY
from scripts.silicon.timing import Timed, time_module

VOLTS = 0.7
INPUTS = {"qkv": Stage.ATTN_NORM, "o": Stage.ATTN_OUT, "gateup": Stage.FFN_NORM, "down": Stage.SILU_MUL}
LOGIC = 0.15  # assumption: part of the logic's inputs that change in a clock in which it works
FLOP_FF = 1.5  # assumption: clocked capacitance in a flip-flop
READ_FJ = 5.0  # assumption: to read a bit of SRAM


def transitions(products: np.ndarray, bits: int) -> np.ndarray:
    """Changes of a line that was low, while it carries each of ``products`` (signed integers) in ``bits`` bits."""
    carried = products.astype(np.int64) & ((1 << bits) - 1)
    return np.bitwise_count((carried ^ (carried << 1)) & ((1 << bits) - 1))


def activity(ckpt: Checkpoint, die: Die, tokens: list[int]) -> dict[str, float]:
    """Changes in a turn, of all product lines of a row together and of a bit line, in the mean over all layers, arrays
    and positions. Weights have one slice."""
    codes = np.arange(1 << die.cell_bits)
    width = die.act_w + die.cell_bits
    lines, bits, rows, weights = 0, 0, 0, 0
    steps = Chip(ckpt, die, slots=1).run(0, tokens)
    for step in steps:
        for layer in range(ckpt.shape.layers):
            for array, stage in INPUTS.items():
                x = act_quantiser(step.stages[stage, layer], die.act_w)[0].ravel()
                changes = transitions(x[:, None] * codes, width)
                lines += changes.sum()
                rows += len(x)
                q = np.concatenate([part.rows(slice(None)).q for part in ckpt.matrix(array, layer)])
                bits += np.take_along_axis(changes.T, q.astype(np.int64), axis=0).sum()
                weights += q.size
    return {"product_lines_a_row": float(lines / rows), "bit_line_a_weight": float(bits / weights)}


def parts(act_w: int, cell_bits: int, slices: int, bit_lines: int, offset: int = 0) -> dict[str, Timed]:
    """The logic whose activity is projected: an accumulator and a scaling unit, as scripts/silicon/units.py counts."""
    sizes = {"PROD_W": act_w + cell_bits, "BIT_LINES": bit_lines, "TURNS": GROUP // bit_lines}
    widths = sum_widths(act_w, cell_bits, slices, offset=offset)
    return {
        "accumulator": time_module("serial_accumulator", sizes),
        "scaling_unit": time_module("scaling_unit", {name.upper(): width for name, width in widths._asdict().items()}),
    }


def token_uj(shape: Shape, die: Die, measured: dict, parts: dict[str, Timed], pos: int) -> dict[str, float]:
    """Microjoules of a token of one user at position ``pos``, by part: what moves products, counts and scales them, and
    the KV SRAM. Other vector units, clock tree and leakage are not in it. ``parts`` are a column's accumulator and a
    scaling unit."""
    line = LIBRARY["line"]
    wire = line["column_um"] * line["wire_ff_per_um"]
    product_ff = line["columns"] * (wire + line["source_ff"] / (1 << die.cell_bits))  # of a row that the lines pass
    word_ff = line["columns"] * (wire + line["gate_ff"])  # of one row
    bit_ff = wire + line["source_ff"]  # of a cell
    counts = weight_counts(shape, die.lanes)
    cells = {name: counts[name] * die.slices[name] for name in MATRICES}
    weights = sum(cells.values())
    row_turns = weights / line["columns"]
    # Each weight changes lines as long as its block is high: cells of a bit line, and rows that a product line passes.
    passed = sum(count * die.block[name] // die.bit_lines for name, count in cells.items())
    clocks = weights / die.bit_lines * (die.act_w + die.cell_bits)  # in which a column's accumulator works
    drains = sum(counts[name] for name in MATRICES) / GROUP
    read = 2 * shape.layers * (pos + 1) * shape.d_kv * die.kv_w
    fj_per_ff = VOLTS**2 / 2
    fj = {
        "product lines": passed / line["columns"] * measured["product_lines_a_row"] * product_ff * fj_per_ff,
        "word lines": row_turns * 2 * word_ff * fj_per_ff,
        "bit lines": passed * measured["bit_line_a_weight"] * bit_ff * fj_per_ff,
        "accumulators": clocks * _clock_ff(parts["accumulator"]) * fj_per_ff,
        "scaling units": drains * _clock_ff(parts["scaling_unit"]) * fj_per_ff,
        "KV SRAM": read * READ_FJ,
    }
    return {name: value / 1e9 for name, value in fj.items()}


def _clock_ff(timed: Timed) -> float:
    """Capacitance that changes in a clock in which a module works: the clocks of its flip-flops twice."""
    return timed.input_ff * LOGIC + timed.flops * 2 * FLOP_FF
