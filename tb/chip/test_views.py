# SPDX-License-Identifier: Apache-2.0
"""One tiny chip in every view of its cells: the golden model's bits at every stage, and the cycle model's clocks.

The serial views take the clocks that silicon takes, and the ROM view with as many clocks a turn the same.
"""

import pytest

from models.checkpoint import checkpoint, tiny
from models.die.cycles import Cycles
from tb.chip.job import BuiltChip
from tb.oracle.conversation import Conversation
from tb.rig.cases import by_day
from tb.rig.runner import simulators

PLAIN = tiny.LEAST | {"kinds": {"token_embd": "Q4_0"}}
WIDE = PLAIN | {"d_model": 64, "d_ffn": 64, "heads": 2, "kv_heads": 2, "kinds": {"attn_output": "Q8_0"}}
# Beats and heads whose widths are no powers of 2, and a last beat of logits that is not full.
ODD = PLAIN | {"d_model": 192, "d_ffn": 96, "heads": 4, "kv_heads": 2, "head_dim": 48}
# Shape and die: a plain one, a row on at a time, one that trades area for time in every way, and an odd one.
DIES = {
    "plain": (PLAIN, {}),
    "fast": (
        WIDE,
        {
            "lanes": 64,
            "block": {"qkv": 64, "o": 32, "gateup": 96, "down": 32, "head": 64},
            "bit_lines": 8,
            "positions": 4,
            "share": {"qkv": 2, "o": 1, "gateup": 4, "down": 1, "head": 8},
            "offset": {"qkv": 0, "o": 128, "gateup": 0, "down": 0, "head": 0},  # Q8_0 is symmetric
        },
    ),
    "odd": (ODD, {"lanes": 96, "bit_lines": 32}),
}
RUNS = {  # gates that run for a few thousand clocks are sooner interpreted than compiled
    "verilator": [("rom", "plain"), ("gate", "plain"), ("rom", "fast"), ("rom", "odd")],
    "icarus": [("rom", "plain"), ("switch", "plain"), ("gate", "fast")],
}
LONG = [("verilator", "rom", "plain"), ("verilator", "gate", "plain"), ("verilator", "rom", "odd")]
LONG += [("icarus", "gate", "fast")]
CASES = by_day(((simulator, *case) for simulator in simulators() for case in RUNS[simulator]), late=LONG)
TALKS = [Conversation(0, [5], 2)]


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """The checkpoint of each die."""
    folder = tmp_path_factory.mktemp("views")
    return {name: checkpoint.load(tiny.write(folder / f"{name}.gguf", **shape)) for name, (shape, _) in DIES.items()}


@pytest.mark.parametrize(("simulator", "view", "die"), CASES)
def test_view(reference, simulator, view, die):
    ckpt, geometry = reference[die], DIES[die][1]
    clks = 12 + 4  # of a turn in silicon
    chip = BuiltChip.of(ckpt, view=view, turn_clks=clks, kv_depth=8, **geometry)
    report = chip.run(TALKS, [], simulator=simulator, test="one_after_another", hold_cycles=True, poll=200)
    assert report["tokens_through_layers"] == 2
    (_, before, pos, *_), (_, after, *_) = report["arrivals"]
    assert after - before == Cycles.of(ckpt.shape, chip.die, view, clks).token(pos)


def test_relation(reference):
    """Silicon takes the clocks that the ROM view takes with as many a turn, and more than it takes with fewer."""
    for name, (_, geometry) in DIES.items():
        chip = BuiltChip.of(reference[name], kv_depth=8, **geometry)
        turn = chip.die.act_w + chip.die.cell_bits
        gate, rom, fast = (
            Cycles.of(reference[name].shape, chip.die, *how).token(5) for how in (("gate",), ("rom", turn), ("rom", 1))
        )
        assert gate == rom > fast
