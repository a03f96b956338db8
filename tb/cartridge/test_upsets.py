# SPDX-License-Identifier: Apache-2.0
"""Flip-flops that turn over: what is known of some must be said of them; a restart loses nothing."""

import random
from dataclasses import replace

import pytest

from tb.cartridge.upset_die import UpsetDie
from tb.evidence.upsets.upset import Upset, draw
from tb.rig.runner import default_seed, simulators

pytestmark = pytest.mark.once
# A register that nobody reads in operation; a matrix that waits for no more beats; a flag; how long an answer is.
KNOWN = {
    "masked": Upset(0, "host_registers", "u_host_port.u_registers.signature_q", [], 3, 0.3),
    "hung": Upset(1, "matrix", "u_chip.gen_layer[1].u_layer.u_down.u_matrix.all_in_q", [], 0, 0.02),
    "flagged": Upset(2, "host_registers", "u_host_port.u_registers.errors_q", [], 4, 0.5),
    "wrong": Upset(3, "sequencer", "u_chip.u_sequencer.left_q", [0], 12, 0.41),
}


# A beat too many, which attention, then a matrix counts as one of the next token; gates that are taken for ups; a
# token's slot, which becomes another, before the layers and in one.
LAYER = "u_chip.gen_layer[0].u_layer"
PARTED = [
    Upset(0, "stream_pipe", f"{LAYER}.u_rope.u_pipe.full_q", [], 2, 0.3),
    Upset(1, "stream_pipe", f"{LAYER}.u_swiglu.u_pipe.full_q", [], 5, 0.3),
    Upset(2, "swiglu", f"{LAYER}.u_swiglu.have_gate_q", [], 0, 0.3),
    Upset(3, "embedding", "u_chip.u_embedding.tag_q", [], 18, 0.02),
    Upset(4, "stream_fifo", f"{LAYER}.u_ffn_skip.mem", [0], 32 * 32 + 16, 0.3),
    Upset(5, "matrix", f"{LAYER}.u_qkv.u_matrix.tag_q", [], 16, 0.02),
]


@pytest.fixture(scope="module")
def die() -> UpsetDie:
    return UpsetDie.of("rom")


@pytest.mark.parametrize(
    "simulator", [pytest.param(one, marks=pytest.mark.night if one == "icarus" else ()) for one in simulators()]
)
def test_known(die, simulator):
    outcomes = die.hit(list(KNOWN.values()), simulator=simulator)
    assert {outcome.number: outcome.kind for outcome in outcomes} == {u.number: kind for kind, u in KNOWN.items()}
    hung = outcomes[KNOWN["hung"].number]
    assert hung.restarted and hung.mended and "stalled" in hung.flags


def test_what_parts_is_told(die):
    """Beats of two vectors that are counted as one, and tags that are another user's: told, and the host restarts."""
    for outcome in die.hit(PARTED, simulator="verilator"):
        assert "parted" in outcome.flags and outcome.restarted and not outcome.lost, outcome


def test_a_host_that_does_nothing_waits_for_ever(die):
    (outcome,) = die.hit([KNOWN["hung"]], simulator="verilator", watched=False)
    assert outcome.kind == "hung" and outcome.lost and not outcome.restarted
    assert outcome.flags == []  # nobody watches


def test_restart_at_any_moment(die):
    """Nothing is wrong, and the host has the chip restarted: every answer goes on, and is golden."""
    pick = random.Random(default_seed())
    restarts = [Upset(number, "", "", [], 0, pick.random()) for number in range(12)]
    outcomes = die.hit(restarts, simulator=simulators()[0])
    assert len(outcomes) == 12 and all(outcome.restarted for outcome in outcomes)
    for outcome in outcomes:  # the rest of a prompt that was under way is told
        assert not (outcome.stages or outcome.answers or outcome.lost or outcome.told), outcome
        assert set(outcome.flags) <= {"busy_slot"}, outcome


def test_alone_as_among_others(die):
    """An upset that is done once more, without a fork, does what it did."""
    drawn = draw(die.flops(), default_seed(), 8)
    outcomes = die.hit(drawn, simulator="verilator", jobs=2)
    assert [outcome.number for outcome in outcomes] == list(range(8))
    worst = max(outcomes, key=lambda outcome: bool(outcome.stages))
    assert die.hit([drawn[worst.number]], simulator="verilator") == [worst]


def test_flops(die):
    """What synthesis makes flip-flops of: no SRAM, nothing of the taps, every module that has a register."""
    every = die.flops()
    names = {(flop.module, flop.path.rpartition(".")[2]) for flop in every}
    assert {("stream_fifo", "mem"), ("rms_norm", "x_q"), ("watchdog", "count_q"), ("ecc_sram", "rdata_q")} <= names
    assert not {("ecc_sram", "mem"), ("ecc_sram", "code"), ("stream_tap", "count_q"), ("lora", "row_sum")} & names
    mem = next(flop for flop in every if flop.path == "u_host_port.u_prompt.mem")
    assert (mem.sizes, mem.width, mem.bits) == ((2,), 41, 82)


def test_draw(die):
    """As many of each module; others with another seed; bits that are there."""
    every, modules = die.flops(), len({flop.module for flop in die.flops()})
    drawn = draw(every, 1, 2 * modules)
    assert all(sum(upset.module == flop.module for upset in drawn) == 2 for flop in every)
    assert draw(every, 1, 5) == drawn[:5] != draw(every, 2, 5)
    sizes = {flop.path: flop for flop in every}
    for upset in drawn:
        flop = sizes[upset.path]
        assert upset.bit < flop.width and len(upset.element) == len(flop.sizes)
        assert all(at < size for at, size in zip(upset.element, flop.sizes, strict=True))


def test_an_upset_that_cannot_be_is_told(die):
    """A child that fails fails the campaign."""
    nowhere = replace(KNOWN["masked"], path="u_host_port.u_nothing.q")
    with pytest.raises(AssertionError, match="could say what became of it"):
        die.hit([nowhere, KNOWN["masked"]], simulator="verilator")
