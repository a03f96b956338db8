# SPDX-License-Identifier: Apache-2.0
"""``make ppa``: transistors and slowest paths from synthesis, clocks from the cycle model, Llama 3.1 8B on a die."""

import dataclasses
import itertools
import math
import sys
import tempfile
from pathlib import Path

from rich.progress import track

from models.checkpoint import checkpoint, tiny
from models.checkpoint.published import LLAMA_3_1_8B
from models.die import cost
from models.die.cost import Units
from models.die.cycles import Cycles
from models.die.shape import EMBED, GROUP, MATRICES, Die, Shape
from scripts.cli.command import command
from scripts.cli.files import RESULTS, write
from scripts.cli.parameters import CLOCK
from scripts.silicon import energy, report, search
from scripts.silicon.blocks import blocks, slowest
from scripts.silicon.cells import longest_ps
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
CONTEXTS = {1024: 512, 2048: 1536, 6144: 1536}  # positions of the KV SRAM: that of a token whose clocks are stated
CONTEXT = 1024  # of the die that is timed
DEEPEST = max(CONTEXTS)  # for which all units are counted: widths of positions and of sums over them
ACT_W, KV_W = 10, 8
HELD, WIDE = (1, 2), (4,)  # positions a clock: at which attention holds 1.5 GHz, and at which it does not yet
COUNT_PS = 400  # that an accumulator takes behind its bit lines, at the slow corner
LINES_PS = 265, 280, math.inf  # that lines may take ahead of it in dies that are looked for
PERPLEXITY = 0.32  # percent that these widths raise it by, on SmolLM2 (docs/quality.md)
LINES = (1, 4, 8, 16, 32)
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
KIND_DIE = {"bit_lines": 16, "block": 1024}  # in which the kinds are compared: all of a span at once
LANES = (32, 64, 128, 256, 512)
BLOCKS = (32, 64, 128, 256, 512, 1024, 2048, 4096)
SIZES = (4.5, 5, 5.5, 6, CHIP["transistors_per_parameter"], 7, 8, 10, 15)  # transistors a parameter, at most
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
    (
        "assumption",
        f"lines of a block by the model of docs/timing.md; with {COUNT_PS} ps behind them they bound the clock",
    ),
    ("assumption", "sums wait in cells of 8 transistors a bit with a read port, so choosing a block costs nothing"),
    ("assumption", f"logic is counted for a KV SRAM of {DEEPEST:,} positions whatever its depth"),
    ("assumption", "static CMOS is mapped without Boolean optimisation, so counted high; cells are optimised"),
]


@command("ppa", CLOCK)
def main(*, clock: float) -> int:
    """Print the tables, draw the plot, write build/results/ppa.json; ``clock`` is in GHz."""
    mapper()  # missing, it is said before minutes of synthesis
    keys = list(itertools.product(SWEPT, LINES))
    table = [row for key in track(keys, "synthesis", transient=True) for row in cells(*key)]
    by_kind = [kind(name, *KINDS[name]) for name in KINDS]
    dies = {depth: frontier(4, depth, clock) for depth in track(CONTEXTS, "dies", transient=True)}
    best = {depth: point(choose(dies[depth]).die, clock) for depth in CONTEXTS}
    wide = {depth: point(choose(frontier(4, depth, clock, positions=WIDE)).die, clock) for depth in CONTEXTS}
    chosen, die = best[CONTEXT], choose(dies[CONTEXT]).die
    mixed = [point(one, clock) for one in (_mixed(die), choose(frontier(6, CONTEXT, clock, MIX)).die)]
    plain = point(dataclasses.replace(die, offset=dict.fromkeys(MATRICES, 0)), clock)
    timing = [slowest(block, clock) for block in track(blocks(LLAMA, die), "timing", transient=True)]
    held = min(clock, *(row["clock_ghz"] for row in timing))
    chosen["cells"] = in_cells(chosen, die, held)
    spent = spend(chosen, die)
    figures = {
        "clock_ghz": clock,
        "documented": CHIP,
        "before": search.BEFORE,
        "reach": reach(best, wide, mixed, held),
        "assumptions": [{"kind": kind, "what": what} for kind, what in ASSUMPTIONS],
        "units": [{"weight_bits": w, "bit_lines": b} | dataclasses.asdict(units(STATIC, w, b)) for w, b in keys],
        "transistors_a_weight": table,
        "transistors_a_weight_by_kind": by_kind,
        "smollm2_cycles_per_token": Cycles.of(SMOLLM2, Die(), "rom").token(40),
        "timing": timing,
        "clock_that_holds_ghz": held,
        "utilisation": UTILISATION,
        "energy_a_token": spent,
        "frontier": {depth: [brief(one, clock) for one in found] for depth, found in dies.items()},
        "fastest": [point(one, clock) for found in dies.values() for one in fastest(found)],
        "best_by_kv_positions": best,
        "best_by_kv_positions_if_more_positions_a_clock_held": wide,
        "chosen": chosen,
        "chosen_with_weights_not_symmetric": plain,
        "chosen_in_3_and_6_bits": mixed[0],
        "best_in_3_and_6_bits": mixed[1],
    }
    write(RESULTS / "ppa.json", figures)
    draw(figures, RESULTS / "ppa.svg")
    report.weights(table, by_kind)
    report.dies(figures)
    report.timing(timing, clock, held)
    report.cells(chosen)
    report.energy(spent)
    return 0


def units(measure: Measure, weight_bits: int, bit_lines: int, *scaling: int, positions: int = Die.positions) -> Units:
    """The units for weights of so many bits; ``scaling`` is span, super-block and offset, those of a plain symmetric
    kind unless given.

    InputError without yosys.
    """
    scaling = scaling or (*PLAIN, OFFSETS.get(weight_bits, 0))
    sizes = ACT_W, *WEIGHTS[weight_bits], bit_lines
    return units_of(measure, LLAMA, DEEPEST, sizes, *scaling, cached=(KV_W, positions))


def units_for(measure: Measure, die: Die) -> Units:
    """The units of a die: of the widest of its weights, where they differ."""
    weight_bits = next(bits for bits, own in WEIGHTS.items() if own == (die.cell_bits, max(die.slices.values())))
    return units(measure, weight_bits, die.bit_lines, *PLAIN, die.offset["o"], positions=die.positions)


def frontier(
    weight_bits: int,
    depth: int,
    clock: float,
    slices: dict[str, int] | None = None,
    positions: tuple[int, ...] = HELD,
) -> list[search.Candidate]:
    """The best dies with a KV SRAM of ``depth`` positions, fastest first, that take so many ``positions`` a clock;
    ``slices`` are cells a weight by array, where these differ."""
    found = []
    for bit_lines, at_once, lanes in itertools.product(LINES, positions, LANES):
        base = _geometry(weight_bits, bit_lines, lanes, positions=at_once, kv_depth=depth)
        if slices:
            base = dataclasses.replace(base, slices=slices, embed_slices=slices["head"])
        for most in LINES_PS:
            dies = search.frontier(units_for(STATIC, base), LLAMA, base, CONTEXTS[depth], most)
            found += [one._replace(time=one.time / holds(one.die, clock)) for one in dies]
    return search.best(found)


def holds(die: Die, clock: float) -> float:
    """The clock that the highest block of a die allows, at most ``clock`` (GHz)."""
    return min(clock, 1e3 / (COUNT_PS + longest_ps(max(die.block.values()), die.bit_lines, "slow")))


def cells(weight_bits: int, bit_lines: int) -> list[dict]:
    """Transistors a weight of a 4096 x 4096 matrix by size of block, beside a ROM and multiplier-accumulators.

    Scales and scaling units are the same for both.
    """
    rows = columns = LLAMA.d_model
    units_ = units(STATIC, weight_bits, bit_lines)
    found = []
    for block in BLOCKS:
        geometry = _geometry(weight_bits, bit_lines, 256, block)
        made = {name: n / (rows * columns) for name, n in cost.matrix(units_, geometry, rows, columns, "o").items()}
        clocks = Cycles.of(LLAMA, geometry).matrix("o")
        both = made["scale cells"] + made["scaling"] + made["vector units"]
        usual = _baseline(weight_bits, clocks) + both
        found.append(
            {"weight_bits": weight_bits, "bit_lines": bit_lines, "block": block, "clocks": clocks}
            | {"transistors": sum(made.values()), "parts": made, "rom_and_mac": usual}
        )
    return found


def kind(name: str, weight_bits: int, span: int, superblock: int, offset: int) -> dict:
    """What a weight of a kind of tensor costs in a 4096 x 4096 matrix: transistors, clocks, bits of its scales."""
    bit_lines, block = KIND_DIE.values()
    geometry = dataclasses.replace(
        _geometry(weight_bits, bit_lines, 256, block),
        span=dict.fromkeys((*MATRICES, EMBED), span),
        superblock=dict.fromkeys((*MATRICES, EMBED), superblock),
        offset=dict.fromkeys(MATRICES, offset),
    )
    size = LLAMA.d_model, LLAMA.d_model
    units_ = units(STATIC, weight_bits, bit_lines, span, superblock, offset)
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


def _baseline(weight_bits: int, clocks: int) -> float:
    """Transistors a weight of what one would build else: a bit of ROM a transistor, and a multiplier and accumulator a
    column for as many weights as it can take in the same clocks."""
    total_w = ACT_W + weight_bits + 6
    adders = ACT_W * weight_bits + total_w
    mac = ACT_W * weight_bits * GATES["$_AND_"] + adders * GATES["FULL_ADDER"] + total_w * FLOP
    return weight_bits + mac / clocks


def _geometry(weight_bits: int, bit_lines: int, lanes: int, block: int = 1024, **fields: int) -> Die:
    """A die of one size of block, four columns a scaling unit; ``fields`` are others of Die."""
    cell_bits, slices = WEIGHTS[weight_bits]
    arrays = {"slices": slices, "offset": OFFSETS.get(weight_bits, 0), "block": block, "share": 4}
    by_array = {name: dict.fromkeys(MATRICES, value) for name, value in arrays.items()}
    sizes = {"act_w": ACT_W, "kv_w": KV_W, "cell_bits": cell_bits, "bit_lines": bit_lines, "lanes": lanes, "slots": 1}
    return Die(**sizes, **by_array, embed_slices=slices, **fields)


def _mixed(die: Die) -> Die:
    """A die in the documented chip's 3 and 6 bits."""
    cells = {"cell_bits": WEIGHTS[6][0], "slices": MIX, "embed_slices": MIX["head"]}
    return dataclasses.replace(die, **cells, offset=dict.fromkeys(MATRICES, 0))


def in_cells(p: dict, die: Die, held: float) -> dict:
    """A point in cells of the library: transistors, area, and its speed at the clock that all its blocks hold (GHz)."""
    made = cost.die(units_for(CELLS, die), LLAMA, die)
    area = {name: um2 / 1e6 for name, um2 in cost.die(units_for(AREA, die), LLAMA, die).items()}
    count = cost.parameters(LLAMA)
    return {
        "transistors_per_parameter": sum(made.values()) / count,
        "parts_per_parameter": {name: n / count for name, n in made.items()},
        "cells_mm2": area,
        "die_mm2": sum(area.values()) / UTILISATION,
        "tokens_per_second_user": p["tokens_per_second_user"] * held / p["clock_ghz"],
        "tokens_per_second_aggregate": p["tokens_per_second_aggregate"] * held / p["clock_ghz"],
    }


def spend(p: dict, die: Die) -> dict:
    """Energy of a token on a die: what was measured on a tiny model, what is projected from it."""
    with tempfile.TemporaryDirectory() as folder:
        ckpt = checkpoint.load(tiny.write(Path(folder, "tiny.gguf")))
        measured = energy.activity(ckpt, Die(act_w=die.act_w, kv_depth=TOKENS, slots=1), list(range(TOKENS)))
    parts = energy.parts(die.act_w, *WEIGHTS[4], die.bit_lines, die.offset["o"])
    spent = energy.token_uj(LLAMA, die, measured, parts, p["position"])
    total = sum(spent.values())
    watts = {key: total * p[f"tokens_per_second_{key}"] / 1e6 for key in ("user", "aggregate")}
    return {"measured_changes_a_turn": measured, "projected_uj": spent, "total_uj": total, "watts": watts}


def point(die: Die, clock: float) -> dict:
    """Speed and size of Llama 3.1 8B on one die, in full."""
    model, pos = Cycles.of(LLAMA, die), CONTEXTS[die.kv_depth]
    made = cost.die(units_for(STATIC, die), LLAMA, die)
    count = cost.parameters(LLAMA)
    places = dict.fromkeys((0, pos, die.kv_depth - 1))
    return brief(search.Candidate(model.token(pos) / holds(die, clock), sum(made.values()), die), clock) | {
        "act_w": die.act_w,
        "kv_w": die.kv_w,
        "cycles_per_token": {str(at): model.token(at) for at in places},
        "clocks_a_layer": clocks(model, pos),
        "clock_ghz_for_17000": {str(at): 17e3 * model.token(at) / 1e9 for at in places},
        "parts_per_parameter": {name: n / count for name, n in sorted(made.items(), key=lambda item: -item[1])},
    }


def brief(one: search.Candidate, clock: float) -> dict:
    """Speed and size of Llama 3.1 8B on a die of a frontier."""
    time, transistors, die = one
    pos, held = CONTEXTS[die.kv_depth], holds(die, clock)
    return {
        "kv_positions": die.kv_depth,
        "position": pos,
        "bit_lines": die.bit_lines,
        "lanes": die.lanes,
        "positions_a_clock": die.positions,
        "block": die.block,
        "share": die.share,
        "clock_ghz": held,
        "tokens_per_second_user": 1e9 / time,
        "tokens_per_second_aggregate": held * 1e9 / Cycles.of(LLAMA, die).interval(pos),
        "transistors": transistors,
        "transistors_per_parameter": transistors / cost.parameters(LLAMA),
    }


def reach(best: dict[int, dict], wide: dict[int, dict], mixed: list[dict], held: float) -> dict[str, float]:
    """What is asked of a die of at most the documented size, by the best ones of each KV SRAM, and in 3 and 6 bits;
    ``held`` is the clock that holds, in GHz.
    """
    found = {
        f"tokens_per_second_at_{p['position']}_of_{depth}{more}": p["tokens_per_second_user"]
        for dies, more in ((best, ""), (wide, "_with_4_positions_a_clock"))
        for depth, p in dies.items()
    }
    found |= {
        f"tokens_per_second_at_{p['position']}_of_{depth}_at_the_clock_that_holds": p["tokens_per_second_user"]
        * min(1, held / p["clock_ghz"])
        for depth, p in best.items()
    }
    own, fast = mixed
    return found | {
        "prompt_tokens_per_second_aggregate": best[CONTEXT]["tokens_per_second_aggregate"],
        "perplexity_rise_percent": PERPLEXITY,
        "transistors_per_parameter": best[CONTEXT]["transistors_per_parameter"],
        "transistors_per_parameter_in_3_and_6_bits": own["transistors_per_parameter"],
        "tokens_per_second_in_3_and_6_bits": own["tokens_per_second_user"],
        "tokens_per_second_in_3_and_6_bits_of_documented_size": fast["tokens_per_second_user"],
    }


def clocks(model: Cycles, pos: int) -> dict[str, int]:
    """Where the clocks of a layer go."""
    arrays = [name for name in MATRICES if name != "head"]
    found = {"turns": sum(map(model.turns, arrays))}
    found |= {"drains not beneath them, stages": sum(map(model.matrix, arrays)) - found["turns"]}
    found |= {"attention": model.attention(pos), "norms": 2 * model.norm()}
    return found | {"streams": sum(model.stages(pos).values()) - sum(found.values())}


def choose(dies: list[search.Candidate], size: float = CHIP["transistors_per_parameter"]) -> search.Candidate:
    """Of a frontier the fastest die of at most ``size`` transistors a parameter, or the smallest there is."""
    most = size * cost.parameters(LLAMA)
    return next((one for one in dies if one.transistors <= most), dies[-1])


def fastest(dies: list[search.Candidate]) -> list[Die]:
    """The fastest dies of a frontier of at most each of SIZES, smallest first."""
    least = dies[-1].transistors / cost.parameters(LLAMA)
    return list({id(one): one.die for one in (choose(dies, size) for size in SIZES if size >= least)}.values())


if __name__ == "__main__":
    sys.exit(main(argv=sys.argv[1:]))
