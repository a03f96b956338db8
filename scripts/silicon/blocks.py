# SPDX-License-Identifier: Apache-2.0
"""The blocks of a die that repeat, and how long the slowest path of each is."""

import math
from dataclasses import dataclass, field, replace

from models.die.shape import GROUP, Die, Shape
from scripts.silicon.cells import CORNERS, LIBRARY, longest_ps
from scripts.silicon.timing import time_module

ATTENTION = "attn_score", "softmax", "attn_value"  # what it is made of, with registers between


@dataclass(frozen=True)
class Subject:
    """A module of hdl/ to be timed alone, at a size that has its slowest path, and what comes ahead of an input."""

    top: str
    parameters: dict[str, int] = field(default_factory=dict)
    lanes: int = 1
    without: tuple[str, ...] = ()
    behind: str = ""  # an input: what it reaches is timed besides, with what comes ahead of it
    ahead: dict[str, float] = field(default_factory=lambda: dict.fromkeys(CORNERS, 0.0))  # ps, by corner
    note: str = ""


def blocks(shape: Shape, die: Die) -> list[Subject]:
    """The blocks of a die. Vector units have one lane, attention a head of two values: what is wider adds up more. What
    compares lanes, or shares something among them, has a group of them.
    """
    common = {"ACT_W": die.act_w}
    ahead = {corner: longest_ps(max(die.block.values()), die.bit_lines, corner) for corner in CORNERS}
    heads = {"HEADS": 1, "KV_HEADS": 1}
    cached = {"DEPTH": die.kv_depth, "KV_W": die.kv_w, "POSITIONS": die.positions} | heads | common | {"HEAD_DIM": 2}
    code = {"WORDS": 64, "WIDTH": 128}
    adapter = {"ARRAY": 1, "K": 2 * GROUP, "N": 2 * GROUP, "MODULES": 1, "RANK": 1, "BANKS": 2}
    host = {"SLOTS": 1, "DEPTH": die.kv_depth, "VOCAB": shape.vocab, "LAYERS": shape.layers, "D_MODEL": shape.d_model}
    share = die.share["o"]
    return [
        Subject(
            "serial_accumulator",
            {"PROD_W": die.act_w + die.cell_bits, "BIT_LINES": die.bit_lines, "TURNS": die.span["o"] // die.bit_lines},
            behind="bit_i",
            ahead=ahead,
            note="behind word line, cells and bit line",
        ),
        Subject("product_lines", common | {"W_BITS": die.cell_bits}),
        Subject(
            "scale_drain",
            common | {"N": share, "SHARE": share, "K": shape.d_model, "OFFSET": die.offset["o"]},
            note="scaling_unit included",
        ),
        Subject("act_quantiser", {"N": GROUP, "W": die.act_w}),
        Subject("rms_norm", {"N": 4, "SQN": 46341}),  # a constant without zeros
        Subject("rope", {"HEAD_DIM": 2, "DEPTH": 4}, lanes=2),
        Subject("attention", cached | {"SLOTS": 1}, without=("kv_sram", *ATTENTION), note="around the three behind it"),
        Subject("attn_score", {name: cached[name] for name in cached if name != "DEPTH"} | {"QUANTISERS": 1}),
        Subject("softmax", heads | {"DEPTH": die.kv_depth, "POSITIONS": die.positions}),
        Subject("attn_value", {name: cached[name] for name in cached if name != "ACT_W"}),
        Subject("ecc_sram", code, note="its code"),
        Subject("residual"),
        Subject("swiglu"),
        Subject("embedding", {"D_MODEL": GROUP, "VOCAB": 4, "SLICES": 1, "W_BITS": die.cell_bits}, lanes=GROUP),
        Subject("argmax", {"VOCAB": 4 * GROUP}, lanes=GROUP),
        Subject("sampler", {"VOCAB": 4 * GROUP, "TOP_K": 16}, lanes=GROUP),
        Subject("lora", common | adapter, lanes=GROUP, without=("ecc_sram",), note="of rank 1"),
        Subject("host_port", host, lanes=GROUP, note="once a die"),
    ]


def slowest(block: Subject, clock: float) -> dict:
    """The slowest path of a block, the clock that it allows at the slow corner, and the stages that ``clock`` (GHz)
    would need: a path cut into so many equal parts.
    """
    timed = time_module(block.top, block.parameters, without=block.without, lanes=block.lanes)
    if block.behind:
        late = time_module(block.top, block.parameters, without=block.without, lanes=block.lanes, behind=block.behind)
        late = replace(late, logic_ps={corner: late.logic_ps[corner] + block.ahead[corner] for corner in CORNERS})
        timed = max(timed, late, key=lambda one: one.path_ps["slow"])
    path = timed.path_ps
    flop = LIBRARY["flop"]["slow"]
    return {
        "block": block.top,
        "note": block.note,
        "slow_ns": path["slow"] / 1e3,
        "typical_ns": path["typical"] / 1e3,
        "clock_ghz": 1e3 / path["slow"],
        "stages": math.ceil((path["slow"] - flop) / (1e3 / clock - flop)) if 1e3 / clock > flop else None,
        "start": timed.start,
        "end": timed.end,
    }
