# SPDX-License-Identifier: Apache-2.0
"""One line of what makes an adapter is broken: a die that has one names layer and stage of the array beside it."""

from dataclasses import replace

import pytest

from models.checkpoint import checkpoint, tiny
from tb.cartridge import adapters
from tb.chip.job import BuiltChip
from tb.chip.test_faults import Located
from tb.oracle.conversation import Conversation
from tb.rig.faults import write_broken
from tb.rig.record import RunError

pytestmark = pytest.mark.once
FAULTS = [
    Located(
        "shift", "word_sums.sv", "<<< shift[n%BEAT_GROUPS*5+:5]", "<<< (shift[n%BEAT_GROUPS*5+:5] + 5'(ON))", 0, "q"
    ),
    Located("fresh", "word_sums.sv", "(fresh ? '0 :", "(fresh && !ON ? '0 :", 0, "q"),
    Located("sum", "sum_tree.sv", "(a ^ b ^ c) +", "(a ^ b ^ c ^ OUT_W'(ON ? 16 : 0)) +", 0, "q"),
    Located("half", "value_scaler.sv", "OUT_W'(half[0])", "OUT_W'(half[0] && !ON)", 0, "q"),
    Located("places", "rank_values.sv", "6'd24 - 6'(exponent", "6'd24 - 6'(ON) - 6'(exponent", 0, "q"),
    Located(
        "factor", "rank_values.sv", "significand(scale[module_q])", "significand(scale[ON ? 0 : module_q])", 0, "k"
    ),
    Located("module", "lora.sv", "module_of(out_q + 1'b1)", "module_of(out_q + OUT_W'(ON ? 2 : 1))", 0, "k"),
]
TALKS = [Conversation(1, [5, 6, 9], 2, adapter=1)]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A conversation with an adapter of all modules, of rank 2: run(RTL, *plusargs)."""
    folder = tmp_path_factory.mktemp("adapters")
    chip = BuiltChip.of(checkpoint.load(tiny.write(folder / "tiny.gguf", **tiny.LEAST)), kv_depth=8, rank=2)
    one = str(adapters.random(chip, 1, folder / "1.npz", keep=1.0))

    def once(hdl=chip.hdl, *plusargs: str) -> dict:
        how = {"test": "one_after_another", "bench": "cartridge", "adapters": [one], "poll": 100}
        return replace(chip, hdl=hdl).run(TALKS, [], simulator="verilator", plusargs=plusargs, **how)

    return once


def test_without_a_fault(run):
    """The RTL as it is, and the RTL in which no fault is switched on, are right."""
    for hdl in ((), (write_broken("adapters", FAULTS),)):
        report = run(*hdl)
        assert report["mismatches"] == 0 and report["tokens_through_layers"] == 4


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_fault(run, fault):
    """By the scoreboard alone: no assertion helps."""
    with pytest.raises(RunError, match="first divergence") as failure:
        run(write_broken("adapters", FAULTS), fault.plusarg, "+verilator+noassert")
    place = failure.value.record.divergence.place
    assert (place.layer, place.stage) == fault.place
