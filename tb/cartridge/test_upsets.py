# SPDX-License-Identifier: Apache-2.0
"""Flip-flops that turn over: what is known of some must be said of them; a restart loses nothing."""

import random
from dataclasses import replace

import pytest

from tb.cartridge.upset_die import UpsetDie
from tb.evidence.upsets.upset import Upset, draw
from tb.rig.cases import by_day
from tb.rig.runner import default_seed, simulators

pytestmark = pytest.mark.once
# A register that nobody reads in operation; a flag; how long an answer is.
KNOWN = {
    "masked": Upset(0, "host_registers", "u_host_port.u_registers.signature_q", [], 3, 0.3),
    "flagged": Upset(1, "host_registers", "u_host_port.u_registers.errors_q", [], 4, 0.5),
    "wrong": Upset(2, "sequencer", "u_chip.u_sequencer.left_q", [0], 12, 0.41),
}
LAYER = "u_chip.gen_layer[0].u_layer"
# At many moments, since what each does depends on where the tokens are: a matrix that waits for no more beats.
HANGS = [Upset(n, "matrix", f"{LAYER}.u_down.u_matrix.all_in_q", [], 0, n / 12) for n in range(12)]
# A beat too many, which attention, then a matrix counts as one of the next token; gates that are taken for ups; a
# token's slot, which becomes another: before the layers, in one, and behind the last, where only the sequencer tells.
PARTS = {
    "stream_pipe": (f"{LAYER}.u_rope.u_pipe.full_q", [], 2),
    "stream_pipe of swiglu": (f"{LAYER}.u_swiglu.u_pipe.full_q", [], 5),
    "swiglu": (f"{LAYER}.u_swiglu.have_gate_q", [], 0),
    "embedding": ("u_chip.u_embedding.tag_q", [], 18),
    "stream_fifo": (f"{LAYER}.u_ffn_skip.mem", [0], 32 * 32 + 16),
    "matrix": (f"{LAYER}.u_qkv.u_matrix.tag_q", [], 16),
    "rms_norm": ("u_chip.u_head.u_final_norm.tag_q", [], 18),
}
MOMENTS = 8
PARTED = [
    Upset(n * MOMENTS + moment, module, path, element, bit, (moment + 0.3) / MOMENTS)
    for n, (module, (path, element, bit)) in enumerate(PARTS.items())
    for moment in range(MOMENTS)
]


@pytest.fixture(scope="module")
def die() -> UpsetDie:
    return UpsetDie.of("rom")


@pytest.mark.parametrize(("simulator",), by_day(((one,) for one in simulators()), late=[("icarus",)]))
def test_known(die, simulator):
    outcomes = die.hit(list(KNOWN.values()), simulator=simulator)
    assert {outcome.number: outcome.kind for outcome in outcomes} == {u.number: kind for kind, u in KNOWN.items()}


def test_what_hangs_is_told(die):
    """And mended by a restart: every answer has its end."""
    outcomes = die.hit(HANGS, simulator="verilator")
    stalled = [outcome for outcome in outcomes if "stalled" in outcome.flags]
    assert stalled and all(outcome.restarted and not outcome.lost for outcome in stalled)
    assert not any(outcome.lost for outcome in outcomes)


def test_what_parts_is_told(die):
    """Beats of two vectors that are counted as one, and tags that are another user's: told, and the host restarts."""
    outcomes = die.hit(PARTED, simulator="verilator")
    for outcome in outcomes:
        assert not outcome.lost and (outcome.kind != "disturbed" or outcome.flags), outcome
    for n, part in enumerate(PARTS):
        told = [outcome for outcome in outcomes[n * MOMENTS :][:MOMENTS] if "parted" in outcome.flags]
        assert told and all(outcome.restarted for outcome in told), f"{part} is never told"


def test_a_host_that_does_nothing_waits_for_ever(die):
    outcomes = die.hit(HANGS, simulator="verilator", watched=False)
    hung = [outcome for outcome in outcomes if outcome.kind == "hung"]
    assert hung and all(outcome.lost and not outcome.restarted for outcome in hung)


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
    assert not {("ecc_sram", "mem"), ("ecc_sram", "code"), ("stream_tap", "count_q"), ("sum_tree", "child")} & names
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
