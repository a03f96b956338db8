# SPDX-License-Identifier: Apache-2.0
"""Slots of the host port: commands, settings and STOPs in every state, and all slots at once."""

import random

import cocotb
from cocotb.triggers import ClockCycles

from tb.evidence.coverage.points import host_port as cover
from tb.host_port.bench import DEFAULTS, PortBench
from tb.host_port.chip import LIMIT, prompt_tokens
from tb.host_port.registers import SETTINGS, Bank, Command, State


@cocotb.test()
async def slot_life(dut):
    """Every command in every state, beside a slot that answers meanwhile: done or refused as the interface says."""
    bench = await PortBench(dut).start()
    closed, opened, prefill, busy = State
    after = {
        Command.OPEN: {closed: opened, opened: "busy_slot", prefill: "busy_slot", busy: "busy_slot"},
        Command.CLOSE: {closed: "unknown_slot", opened: closed, prefill: closed, busy: "busy_slot"},
        Command.STOP: {closed: "unknown_slot", opened: opened, prefill: prefill, busy: busy},
    }
    last = bench.size["SLOTS"] - 1
    await bench.bring(1, State.BUSY)
    for command, state, slot in [(c, s, slot) for c in after for s in State for slot in (0, last)]:
        await bench.bring(slot, state)
        then = after[command][state]
        refused = isinstance(then, str)
        await bench.command(slot, command, then if refused else "")
        await bench.hold_slot(slot, state if refused else then)
        await bench.hold_slot(1, State.BUSY)
        await bench.hold_flags()
        cover.command(command.name, state.name)
        await bench.leave(slot)
    await bench.leave(1)


@cocotb.test()
async def slot_settings(dut):
    """Settings in every state: taken by an idle slot, the adapter by a closed one only; closing forgets them."""
    bench = await PortBench(dut).start()
    await bench.put("ADAPTER_BANK", Bank.READY, 1)
    for state in State:
        for name, value in bench.random_settings((2,)).items():
            await bench.bring(0, state)
            may = state in (State.CLOSED, State.OPEN) and (name != "SLOT.ADAPTER" or state == State.CLOSED)
            await bench.put(name, value, 0, "" if may else "busy_slot")
            await bench.hold(name, value if may else DEFAULTS[name])
            if may and state == State.CLOSED:
                await bench.command(0, Command.OPEN)
                await bench.hold(name, value)
            await bench.hold_flags()
            cover.setting(name, state.name)
            await bench.leave(0)
            await bench.hold(name, DEFAULTS[name])


@cocotb.test()
async def stop_tokens(dut):
    """Stop tokens are refused while any slot answers, whichever, and taken else."""
    bench = await PortBench(dut).start()
    for slot in range(bench.size["SLOTS"]):
        for state in State:
            await bench.bring(slot, state)
            flag = "busy_slot" if state == State.BUSY else ""
            before = int(dut.stop_ids_o.value)
            await bench.put("STOP_TOKEN", 16 * slot + state, 3, flag)
            assert (int(dut.stop_ids_o.value) == before) == bool(flag)
            await bench.hold_flags()
            await bench.leave(slot)


@cocotb.test()
async def stop_waits(dut):
    """A STOP reaches the chip only when it has the prompt's last token, once, for that slot alone, and never late."""
    bench = await PortBench(dut, "none").start()
    chip = bench.chip
    for slot in range(bench.size["SLOTS"]):
        await bench.command(slot, Command.OPEN)
        chip.tokens.paused = True
        chip.held.add(slot)
        bench.say(slot, 5)
        await bench.until("the token waits for the chip", lambda: int(dut.tok_valid_o.value))
        await bench.command(slot, Command.STOP)
        await ClockCycles(dut.clk_i, 20)
        assert not chip.cuts, "cut before the chip has the prompt"
        chip.tokens.paused = False
        await ClockCycles(dut.clk_i, 20)
        assert chip.cuts == [slot]
        chip.held.discard(slot)
        (answer,) = await bench.hold_answer(slot)
        assert answer.reason == LIMIT
        cover.cut("held back")
        await bench.command(slot, Command.STOP)
        await ClockCycles(dut.clk_i, 20)
        assert chip.cuts == [slot], "a slot that does not answer is cut"
        cover.cut("nothing to cut")
        bench.say(slot, 5)
        await bench.hold_answer(slot)
        assert chip.cuts == [slot], "the answer after one that was cut is cut"
        chip.cuts.clear()
    await bench.hold_flags()


@cocotb.test()
async def idle(dut):
    """STATUS and the pin are idle when the chip is, and no token and no answer waits."""
    bench = await PortBench(dut, "none").start()
    await bench.hold_idle(1)
    dut.idle_i.value = 0
    await bench.hold_idle(0)
    dut.idle_i.value = 1
    bench.chip.tokens.paused = True
    await bench.command(0, Command.OPEN)
    bench.say(0, 1, last=False)
    await ClockCycles(dut.clk_i, 10)
    await bench.hold_idle(0)
    bench.chip.tokens.paused = False
    await ClockCycles(dut.clk_i, 5)
    await bench.hold_idle(1)
    bench.out.paused = True
    bench.say(0, 1)
    await bench.until("an answer waits", lambda: int(dut.m_tok_tvalid_o.value))
    await bench.hold_idle(0)
    bench.out.paused = False
    await bench.hold_answer(0)
    await bench.hold_idle(1)


@cocotb.test()
async def every_slot(dut):
    """All slots at once, in an order of their own: settings, commands, tokens and answers of one are no other's."""
    bench = await PortBench(dut, "none").start()
    chip, size = bench.chip, bench.size
    banks, slots = range(size["ADAPTERS"]), random.sample(range(size["SLOTS"]), size["SLOTS"])
    await bench.puts(*(("ADAPTER_BANK", Bank.READY, bank, "") for bank in banks))
    settings = {slot: DEFAULTS | {"SLOT.ADAPTER": 1 + i % size["ADAPTERS"]} for i, slot in enumerate(slots)}
    for slot in slots:
        legal = bench.random_settings()
        settings[slot] |= {name: legal[name] for name in random.sample(SETTINGS[1:], 2)}
    changed = [(n, v, slot, "") for slot in slots for n, v in settings[slot].items() if v != DEFAULTS[n]]
    await bench.puts(*random.sample(changed, len(changed)))
    await bench.puts(*(("SLOT.CTRL", Command.OPEN, slot, "") for slot in slots))
    await bench.puts(*(("ADAPTER_BANK", Bank.EMPTY, bank, "busy_slot") for bank in banks))
    chip.held |= set(slots)
    tokens = {slot: random.randrange(size["VOCAB"]) for slot in slots}
    *others, last = slots
    for slot in others:
        bench.say(slot, tokens[slot])
        bench.say(slot, 1, 2)  # dropped: it is BUSY
        if slot == slots[0]:
            await bench.until("it alone is BUSY", lambda: chip.given)
            await bench.puts(("STOP_TOKEN", 0, 0, "busy_slot"))
    await bench.until("the tokens are taken", lambda: len(chip.given) == len(others))
    chip.tokens.paused = True
    bench.say(last, tokens[last])
    await bench.until(
        "the last one's waits for the chip", lambda: not bench.tokens.beats and int(dut.tok_valid_o.value)
    )
    stops = [("SLOT.CTRL", Command.STOP, slot, "") for slot in slots]
    await bench.puts(*stops)
    await bench.until("all others are cut", lambda: chip.cuts == others)
    chip.tokens.paused = False
    await bench.until("the last one is cut", lambda: chip.cuts == slots)
    chip.cuts.clear()
    await bench.puts(*stops)
    await bench.until("all are cut", lambda: chip.cuts == slots)
    assert chip.given == {slot: prompt_tokens(slot, [tokens[slot]], settings[slot], True) for slot in slots}
    chip.held = {last}
    for slot in slots:
        if slot == last:
            await bench.puts(("STOP_TOKEN", 0, 0, "busy_slot"))  # now this one alone is
            chip.held.clear()
        assert [answer.reason for answer in await bench.hold_answer(slot)] == [LIMIT]
    await bench.puts(("STOP_TOKEN", 0, 0, ""), *(("SLOT.CTRL", Command.CLOSE, slot, "") for slot in others))
    mine = settings[last]["SLOT.ADAPTER"] - 1
    await bench.puts(*(("ADAPTER_BANK", Bank.EMPTY, bank, "busy_slot" if bank == mine else "") for bank in banks))
    bench.expected = {"busy_slot"}
    await bench.hold_flags()
