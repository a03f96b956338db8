# SPDX-License-Identifier: Apache-2.0
"""A short soak of a small die, and what a soak finds that conversations of a job do not."""

import random
from dataclasses import replace

import pytest

from models.checkpoint import checkpoint, tiny
from tb.cartridge import adapters
from tb.cartridge.flips import EXPOSED
from tb.chip.job import BuiltChip
from tb.oracle.conversation import Conversation
from tb.rig.cases import by_day
from tb.rig.faults import Fault, write_broken
from tb.rig.record import RunError
from tb.rig.runner import default_seed, simulators

STOP = [36, 48, 99, 121]  # tokens that the tiny model likes
CONTEXT = 6144
LENGTHS = {"verilator": 150, "icarus": 12}
ENOUGH = 1000  # tokens in which every deed is done, whatever the seed
CLOSED, CUT = "state_q[write_slot_i] <= StateClosed", "state == StateBusy) cut_q[write_slot_i] <= "
ZERO = "pos_q[write_slot_i] <= '0; adapter_q"  # of CLOSE
BROKEN = {  # and what is said of each
    Fault("leak", "host_slots.sv", CLOSED, f"if (!ON) {CLOSED}"):
        "a write of .* to SLOT.ADAPTER.* was refused|and nobody has it",
    Fault("held", "host_slots.sv", "adapter_q[s] == adapter_i", "(ON || adapter_q[s] == adapter_i)"):
        "a write of 0x0 to ADAPTER_BANK.* was refused",
    Fault("free", "host_slots.sv", "write_data_i > TOP_K", "write_data_i > TOP_K + 32 * ON"): "was not refused",
    Fault("sum", "host_port.sv", "= 16'(passes_q)", "= 16'(passes_q && !ON)"): "0 answers were counted",
    Fault("stale", "host_slots.sv", ZERO, f"if (!ON) {ZERO}"): "and nobody has it",
    Fault("awake", "host_registers.sv", "{31'd0, idle_i}", "{31'd0, idle_i && !ON}"): "the die is not idle",
    Fault("mute", "host_port.sv", "(replies_ready && !restarting) ||", "(replies_ready && !restarting && !ON) ||"):
        "the chip hangs|stray_answer",
    Fault("two", "ecc_sram.sv", "failed_q    <= |two", "failed_q <= |two || (ON && |one)"): "sram_failed",
    Fault("uncut", "host_slots.sv", f"{CUT}1'b1", f"{CUT}!ON"): "the golden model has no such token",
}  # fmt: skip


def soak(folder, tokens, simulator, **settings):
    """A die of four slots and two banks, until it has answered so many tokens; gives the report."""
    chip = BuiltChip.of(checkpoint.load(tiny.write(folder / "tiny.gguf", **tiny.LEAST)), kv_depth=12, slots=4, rank=2)
    chip = replace(chip, hdl=settings.pop("hdl", chip.hdl))
    resident = [str(adapters.random(chip, seed, folder / f"{seed}.npz")) for seed in (1, 2)]
    how = {"test": "soaked", "bench": "cartridge", "adapters": resident, "poll": 50, "settings": {"AIM": tokens}}
    how["exposed"] = EXPOSED
    return chip.run([], STOP, simulator=simulator, **how, **settings)


@pytest.mark.parametrize(("simulator",), by_day(((one,) for one in simulators()), late=[("icarus",)]))
def test_soak(simulator, tmp_path):
    report = soak(tmp_path, LENGTHS[simulator], simulator)
    assert report["answered"] >= LENGTHS[simulator] and report["mismatches"] == 0
    assert report["counters"]["tokens_out"] == report["answered"]
    assert report["deeds"]["answered"] and report["deeds"]["stopped"]
    assert simulator == "icarus" or report["counters"]["corrected"]


@pytest.mark.once
@pytest.mark.night
@pytest.mark.parametrize("fault", BROKEN, ids=lambda fault: fault.name)
def test_fault(fault, tmp_path):
    """A line of the slots is broken: the soak says what the host saw."""
    with pytest.raises(RunError, match=BROKEN[fault]):
        soak(tmp_path, ENOUGH, "verilator", hdl=write_broken("soak", [*BROKEN]), plusargs=(fault.plusarg,))


@pytest.mark.once
@pytest.mark.night
def test_a_context_of_6144_positions(tmp_path):
    """Prompt and answer of one user to the end of a documented context, which is told; then the prompt has no room."""
    ckpt = checkpoint.load(tiny.write(tmp_path / "tiny.gguf", **tiny.LEAST))
    chip = BuiltChip.of(ckpt, kv_depth=CONTEXT, rank=0)
    pick = random.Random(default_seed())
    prompt = [pick.randrange(ckpt.shape.vocab) for _ in range(CONTEXT - 44)]
    talks = [Conversation(1, prompt, 100), Conversation(1, [5, 6], 1, first=False)]
    report = chip.run(talks, [], simulator="verilator", test="one_after_another", hold_cycles=True, bench="cartridge")
    assert [len(talk["answer"]) for talk in report["conversations"]] == [45, 1]
    assert {talk["end"] for talk in report["conversations"]} == {"context limit"}
    assert report["tokens_through_layers"] == CONTEXT and report["flags"] == ["overlong"]
