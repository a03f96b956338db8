# SPDX-License-Identifier: Apache-2.0
"""``make ppa``: transistors and slowest paths from synthesis, clocks from the cycle model, Llama 3.1 8B on a die."""

import dataclasses
import itertools
import math
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from models.checkpoint import checkpoint, tiny
from models.checkpoint.published import LLAMA_3_1_8B
from models.die import cost
from models.die.cost import Units
from models.die.cycles import Cycles
from models.die.shape import EMBED, GROUP, MATRICES, Die, Shape
from scripts.cli import tables
from scripts.cli.command import command
from scripts.cli.files import RESULTS, write
from scripts.cli.parameters import CLOCK
from scripts.silicon import energy, report
from scripts.silicon.blocks import blocks, slowest
from scripts.silicon.plot import draw
from scripts.silicon.synthesis import FLOP, GATES, RAM_BIT
from scripts.silicon.timing import mapper
from scripts.silicon.units import AREA, CELLS, STATIC, Measure
from scripts.silicon.units import units as units_of

LLAMA = LLAMA_3_1_8B.shape
SMOLLM2 = Shape(30, 576, 9, 3, 64, 1536, 49152, 1e-5, 100000.0, 64)
CHIP = {  # documented, but for what users measured, and the positions at which that holds
    "tokens_per_second": 17000,
    "tokens_per_second_measured": 14200,
    "transistors_per_parameter": 6.6,
    "mm2": 815,
    "watts": [200, 250],
    "kv_positions": 6144,
    "position": 2000,
}
TOKENS = 32  # of the tiny model whose lines are watched
UTILISATION = 0.7  # of the area, by cells side by side: assumption
CONTEXT = 1024  # positions of the KV SRAM
MIDDLE = CONTEXT // 2
ACT_WIDTHS, LINES = (10, 12), (1, 4, 8, 16, 32)
WEIGHTS = {2: (3, 1), 3: (3, 1), 4: (4, 1), 5: (3, 2), 6: (3, 2), 8: (4, 2)}  # bits: of a cell, and cells a weight
SWEPT = (3, 4, 6, 8)  # bits of the weights for which dies are compared
PLAIN = GROUP, 0  # span and super-block of an array without integers
OFFSETS = {4: 8, 8: 128}  # bits: what codes of symmetric weights are less, Q4_0 and Q8_0
KINDS = {  # bits of a weight, span and super-block, offset of symmetric codes
    "Q4_0": (4, *PLAIN, 8),
    "Q4_1": (4, *PLAIN, 0),
    "Q5_0": (5, *PLAIN, 16),
    "Q5_1": (5, *PLAIN, 0),
    "Q8_0": (8, *PLAIN, 128),
    "Q2_K": (2, 16, 256, 0),
    "Q3_K": (3, 16, 256, 4),
    "Q4_K": (4, 32, 256, 0),
    "Q5_K": (5, 32, 256, 0),
    "Q6_K": (6, 16, 256, 32),
    "Q4_K and Q6_K": (8, 16, 256, 0),  # layers of both in one array: two cells of 4 bits
    "Q4_K and Q8_0": (8, 32, 32, 0),
}
KIND_DIE = {"act_w": 12, "bit_lines": 16, "block": 1024}  # in which the kinds are compared: all of a span at once
LANES = (32, 128, 256, 512)
BLOCKS = (32, 64, 128, 256, 512, 1024, 2048, 4096)
SHARES = ((1, 1), (2, 1), (4, 1), (4, 2), (8, 2), (8, 4))  # columns a scaling unit; in `down`, which is deep
MIX = {"qkv": 2, "o": 1, "gateup": 2, "down": 2, "head": 1}  # 3-bit cells a weight (docs/quality.md)
ASSUMPTIONS = [
    ("documented", "Llama 3.1 8B on one die, 17,000 tokens/s for one user, 53 billion transistors: 6.6 a parameter"),
    ("documented", "four bits and their multiplication in one transistor; two masks a model; KV cache in SRAM"),
    ("our reading", "16 product lines, bit-serial; a via a cell; blocks whose rows take turns (docs/architecture.md)"),
    ("assumption", "gates as static CMOS, full adder 28, flip-flop 24, multiplexer 6, clock gate 40 transistors"),
    ("assumption", "timing and area by the 7 nm cells of scripts/silicon/cells.toml (docs/timing.md), slow corner"),
    ("assumption", f"cells cover {UTILISATION:.0%} of the die"),
    ("assumption", f"KV SRAM {cost.SRAM_BIT} a bit and 5 % around it, other memories {RAM_BIT} a bit"),
    ("assumption", "scales are read from cells like the weights': their read-out is not counted"),
    ("assumption", f"product generators are repeated every {cost.TILE} columns; wires, clock tree, pads not counted"),
    ("assumption", "static CMOS is mapped without Boolean optimisation, so counted high; cells are optimised"),
]


@command("ppa", CLOCK)
def main(*, clock: float) -> int:
    """Print the tables, draw the plot, write build/results/ppa.json; ``clock`` is in GHz."""
    mapper()  # missing, it is said before minutes of synthesis
    built = {
        key: units(STATIC, *key)
        for key in track(list(itertools.product(ACT_WIDTHS, SWEPT, LINES)), "synthesis", transient=True)
    }
    table = [row for key in built for row in cells(built[key], *key)]
    by_kind = [kind(name, *KINDS[name]) for name in KINDS]
    dies = [point(built[die.act_w, 4, die.bit_lines], die, clock) for die in _dies()]
    points = [p for width in ACT_WIDTHS for p in frontier([p for p in dies if p["act_w"] == width])]
    chosen = choose(points)
    mixed = point(built[chosen["act_w"], 6, chosen["bit_lines"]], _mixed(chosen), clock)
    timing = [slowest(block, clock) for block in track(blocks(LLAMA, _die(chosen)), "timing", transient=True)]
    holds = min(clock, *(row["clock_ghz"] for row in timing))
    same = [p for p in points if p["act_w"] == chosen["act_w"]]
    for p in track(same, "cells", transient=True):
        p["cells"] = in_cells(p, clock, holds)
    spent = spend(chosen)
    figures = {
        "clock_ghz": clock,
        "documented": CHIP,
        "assumptions": [{"kind": kind, "what": what} for kind, what in ASSUMPTIONS],
        "units": [
            {"act_w": a, "weight_bits": w, "bit_lines": b} | dataclasses.asdict(units_)
            for (a, w, b), units_ in built.items()
        ],
        "transistors_a_weight": table,
        "transistors_a_weight_by_kind": by_kind,
        "smollm2_cycles_per_token": Cycles.of(SMOLLM2, Die(), "rom").token(40),
        "timing": timing,
        "clock_that_holds_ghz": holds,
        "utilisation": UTILISATION,
        "energy_a_token": spent,
        "frontier": points,
        "chosen": chosen,
        "chosen_in_3_and_6_bits": mixed,
    }
    write(RESULTS / "ppa.json", figures)
    place = f"KV of {CONTEXT:,} positions, at position {MIDDLE}"
    draw(same, chosen, CHIP, {"clock": clock, "holds": holds, "place": place}, RESULTS / "ppa.svg")
    show(table, by_kind, points, chosen, mixed, clock)
    report.timing(timing, same, chosen, clock, holds)
    report.energy(spent)
    return 0


def units(measure: Measure, act_w: int, weight_bits: int, bit_lines: int, *scaling: int) -> Units:
    """The units for weights of so many bits; ``scaling`` is span, super-block and offset, those of a plain symmetric
    kind unless given.

    InputError without yosys.
    """
    scaling = scaling or (*PLAIN, OFFSETS.get(weight_bits, 0))
    return units_of(measure, LLAMA, CONTEXT, (act_w, *WEIGHTS[weight_bits], bit_lines), *scaling)


def cells(units_: Units, act_w: int, weight_bits: int, bit_lines: int) -> list[dict]:
    """Transistors a weight of a 4096 x 4096 matrix by size of block, beside a ROM and multiplier-accumulators.

    Scales and scaling units are the same for both.
    """
    rows = columns = LLAMA.d_model
    found = []
    for block in BLOCKS:
        geometry = _geometry(act_w, weight_bits, bit_lines, block, (4, 1), 256)
        made = {name: n / (rows * columns) for name, n in cost.matrix(units_, geometry, rows, columns, "o").items()}
        clocks = Cycles.of(LLAMA, geometry).matrix("o")
        both = made["scale cells"] + made["scaling"] + made["vector units"]
        usual = _baseline(act_w, weight_bits, clocks) + both
        found.append(
            {"act_w": act_w, "weight_bits": weight_bits, "bit_lines": bit_lines, "block": block, "clocks": clocks}
            | {"transistors": sum(made.values()), "parts": made, "rom_and_mac": usual}
        )
    return found


def kind(name: str, weight_bits: int, span: int, superblock: int, offset: int) -> dict:
    """What a weight of a kind of tensor costs in a 4096 x 4096 matrix: transistors, clocks, bits of its scales."""
    act_w, bit_lines, block = KIND_DIE.values()
    geometry = dataclasses.replace(
        _geometry(act_w, weight_bits, bit_lines, block, (4, 1), 256),
        span=dict.fromkeys((*MATRICES, EMBED), span),
        superblock=dict.fromkeys((*MATRICES, EMBED), superblock),
        offset=dict.fromkeys(MATRICES, offset),
    )
    size = LLAMA.d_model, LLAMA.d_model
    units_ = units(STATIC, act_w, weight_bits, bit_lines, span, superblock, offset)
    made = {part: n / math.prod(size) for part, n in cost.matrix(units_, geometry, *size, "o").items()}
    words = cost.scale_words(math.prod(size), geometry, "o")
    return {
        "kind": name,
        "cell_bits": geometry.cell_bits,
        "cells": geometry.slices["o"],
        "scale_bits": sum(count * bits for count, bits in words) / math.prod(size),
        "clocks": Cycles.of(LLAMA, geometry).matrix("o"),
        "sub_scale": units_.sub_scale,
        "scaling_unit": units_.scaling_unit,
        "transistors": sum(made.values()),
        "parts": made,
    }


def _baseline(act_w: int, weight_bits: int, clocks: int) -> float:
    """Transistors a weight of what one would build else: a bit of ROM a transistor, and a multiplier and accumulator a
    column for as many weights as it can take in the same clocks."""
    total_w = act_w + weight_bits + 6
    adders = act_w * weight_bits + total_w
    mac = act_w * weight_bits * GATES["$_AND_"] + adders * GATES["FULL_ADDER"] + total_w * FLOP
    return weight_bits + mac / clocks


def _geometry(act_w: int, weight_bits: int, bit_lines: int, block: int, share: tuple[int, int], lanes: int) -> Die:
    cell_bits, slices = WEIGHTS[weight_bits]
    sizes = {"act_w": act_w, "cell_bits": cell_bits, "bit_lines": bit_lines, "block": block, "lanes": lanes}
    cells = {"slices": dict.fromkeys(MATRICES, slices), "embed_slices": slices}
    cells |= {"offset": dict.fromkeys(MATRICES, OFFSETS.get(weight_bits, 0))}
    shares = dict.fromkeys(MATRICES, share[0]) | {"down": share[1]}
    return Die(kv_depth=CONTEXT, slots=1, share=shares, **sizes, **cells)


def _dies() -> list[Die]:
    """Every die of the sweep: 4-bit weights, as the next generation of the documented chip has them."""
    choices = itertools.product(ACT_WIDTHS, LINES, BLOCKS, SHARES, LANES)
    return [_geometry(act_w, 4, lines, block, share, lanes) for act_w, lines, block, share, lanes in choices]


def _die(p: dict, weight_bits: int = 4) -> Die:
    """The die of a point."""
    share = p["share"], p["share_down"]
    return _geometry(p["act_w"], weight_bits, p["bit_lines"], p["block"], share, p["lanes"])


def _mixed(p: dict) -> Die:
    """The die of a point, in the documented chip's 3 and 6 bits."""
    return dataclasses.replace(_die(p, 6), slices=MIX, embed_slices=MIX["head"])


def in_cells(p: dict, clock: float, holds: float) -> dict:
    """A point in cells of the library: transistors, area, and its speed at the clock that holds (GHz)."""
    die, kind = _die(p), (p["act_w"], 4, p["bit_lines"])
    made = cost.die(units(CELLS, *kind), LLAMA, die)
    area = {name: um2 / 1e6 for name, um2 in cost.die(units(AREA, *kind), LLAMA, die).items()}
    count = cost.parameters(LLAMA)
    return {
        "transistors_per_parameter": sum(made.values()) / count,
        "parts_per_parameter": {name: n / count for name, n in made.items()},
        "cells_mm2": area,
        "die_mm2": sum(area.values()) / UTILISATION,
        "tokens_per_second_user": p["tokens_per_second_user"] * holds / clock,
        "tokens_per_second_aggregate": p["tokens_per_second_aggregate"] * holds / clock,
    }


def spend(p: dict) -> dict:
    """Energy of a token on the die of a point: what was measured on a tiny model, what is projected from it."""
    die, kind = _die(p), (p["act_w"], *WEIGHTS[4])
    with tempfile.TemporaryDirectory() as folder:
        ckpt = checkpoint.load(tiny.write(Path(folder, "tiny.gguf")))
        measured = energy.activity(ckpt, Die(act_w=die.act_w, kv_depth=TOKENS, slots=1), list(range(TOKENS)))
    parts = energy.parts(*kind, die.bit_lines)
    spent = energy.token_uj(LLAMA, die, measured, parts, MIDDLE)
    total = sum(spent.values())
    watts = {key: total * p[f"tokens_per_second_{key}"] / 1e6 for key in ("user", "aggregate")}
    return {"measured_changes_a_turn": measured, "projected_uj": spent, "total_uj": total, "watts": watts}


def point(units_: Units, die: Die, clock: float) -> dict:
    """Speed and size of Llama 3.1 8B on one die."""
    model = Cycles.of(LLAMA, die)
    made = cost.die(units_, LLAMA, die)
    count = cost.parameters(LLAMA)
    return {
        "act_w": die.act_w,
        "block": die.block,
        "bit_lines": die.bit_lines,
        "lanes": die.lanes,
        "share": die.share["o"],
        "share_down": die.share["down"],
        "cycles_per_token": {str(pos): model.token(pos) for pos in (0, MIDDLE, CONTEXT - 1)},
        "clocks_a_layer": clocks(model),
        "tokens_per_second_user": clock * 1e9 / model.token(MIDDLE),
        "tokens_per_second_aggregate": clock * 1e9 / model.interval(MIDDLE),
        "clock_ghz_for_17000": {str(pos): 17e3 * model.token(pos) / 1e9 for pos in (0, MIDDLE, CONTEXT - 1)},
        "transistors": sum(made.values()),
        "transistors_per_parameter": sum(made.values()) / count,
        "transistors_per_parameter_before": sum(n for name, n in made.items() if name not in cost.LATER) / count,
        "parts_per_parameter": {name: n / count for name, n in sorted(made.items(), key=lambda item: -item[1])},
    }


def clocks(model: Cycles) -> dict[str, int]:
    """Where the clocks of a layer go, in mid-context."""
    arrays = [name for name in MATRICES if name != "head"]
    found = {"turns": sum(map(model.turns, arrays))}
    found |= {"drains not beneath them, stages": sum(map(model.matrix, arrays)) - found["turns"]}
    found |= {"attention": model.attention(MIDDLE), "norms": 2 * model.norm()}
    return found | {"streams": sum(model.stages(MIDDLE).values()) - sum(found.values())}


def frontier(points: list[dict]) -> list[dict]:
    """The dies that no other beats in both speed and size, slowest first."""
    best, kept = float("inf"), []
    for one in sorted(points, key=lambda p: (-p["tokens_per_second_user"], p["transistors_per_parameter"])):
        if one["transistors_per_parameter"] < best:
            best = one["transistors_per_parameter"]
            kept.append(one)
    return kept[::-1]


def choose(points: list[dict]) -> dict:
    """Of ``points`` the fastest die of at most the documented size, or the smallest there is."""
    small = [p for p in points if p["transistors_per_parameter"] <= CHIP["transistors_per_parameter"]]
    smallest = min(points, key=lambda p: p["transistors_per_parameter"])
    return max(small, key=lambda p: p["tokens_per_second_user"], default=smallest)


def show(table: list[dict], by_kind: list[dict], points: list[dict], chosen: dict, mixed: dict, clock: float) -> None:
    """Print the tables."""
    console = Console()
    sheet = Table(title="transistors a weight, 4096 x 4096 matrix, 12-bit activations (yosys)")
    titles = "weight", "bit lines", "block", "clocks", "cell", "accumulator", "generator", "scaling", "all", "ROM + MAC"
    for title in titles:
        sheet.add_column(title, justify="right")
    for row in table:
        if row["act_w"] == 12 and (row["weight_bits"] == 4 or row["bit_lines"] == 32):
            made = row["parts"]
            names = ("weight cells", "accumulators", "product generators", "scaling")
            sheet.add_row(
                *(f"{row[key]:,}" for key in ("weight_bits", "bit_lines", "block", "clocks")),
                *(f"{made[name]:.2f}" for name in names),
                f"{row['transistors']:.2f}",
                f"{row['rom_and_mac']:.2f}",
            )
    tables.show(console, sheet)
    sheet = Table(
        title="transistors a weight by kind: blocks of 1,024 rows, 16 on at once, four columns a scaling unit"
    )
    titles = "kind", "cells", "bits of scales", "clocks", "cells of weight", "of scales", "accumulator", "scaling"
    for title in (*titles, "all", "sub_scale", "scaling unit"):
        sheet.add_column(title, justify="right")
    for row in by_kind:
        made = row["parts"]
        sheet.add_row(
            row["kind"],
            f"{row['cells']} of {row['cell_bits']}",
            f"{row['scale_bits']:.2f}",
            f"{row['clocks']:,}",
            *(f"{made[name]:.2f}" for name in ("weight cells", "scale cells", "accumulators", "scaling")),
            f"{row['transistors']:.2f}",
            *(f"{row[name]:,.0f}" for name in ("sub_scale", "scaling_unit")),
        )
    tables.show(console, sheet)
    sheet = Table(title=f"Llama 3.1 8B on one die at {clock} GHz, KV SRAM of {CONTEXT} tokens, at position {MIDDLE}")
    for title in ("weights", "act. bits", "bit lines", "block", "lanes", "share", "cycles a token"):
        sheet.add_column(title, justify="right")
    for title in ("tokens/s, one user", "in aggregate", "GHz for 17,000", "trans. a param."):
        sheet.add_column(title, justify="right")
    for p in [*(p for p in points if p["act_w"] == chosen["act_w"]), mixed]:
        sheet.add_row(
            "3/6" if p is mixed else "4",
            *(str(p[key]) for key in ("act_w", "bit_lines", "block", "lanes")),
            f"{p['share']}/{p['share_down']}",
            f"{p['cycles_per_token'][str(MIDDLE)]:,}",
            f"{p['tokens_per_second_user']:,.0f}",
            f"{p['tokens_per_second_aggregate']:,.0f}",
            f"{p['clock_ghz_for_17000'][str(MIDDLE)]:.2f}",
            f"{p['transistors_per_parameter']:.2f}",
            style="bold" if p is chosen else "",
        )
    tables.show(console, sheet)
    where = ", ".join(f"{name} {n:.2f}" for name, n in chosen["parts_per_parameter"].items())
    console.print(f"where the bold die's transistors go, a parameter: {where}")
    when = ", ".join(f"{name} {n:,}" for name, n in chosen["clocks_a_layer"].items())
    console.print(f"where its clocks go, a layer at position {MIDDLE}: {when}")
    short = chosen["clock_ghz_for_17000"]
    clocks = ", ".join(f"{need:.2f} GHz at position {pos}" for pos, need in short.items())
    console.print(f"its clock for 17,000 tokens/s to one user: {clocks}")
    for kind, what in ASSUMPTIONS:
        console.print(f"[dim]{kind}: {what}")


if __name__ == "__main__":
    sys.exit(main(argv=sys.argv[1:]))
