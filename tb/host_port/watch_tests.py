# SPDX-License-Identifier: Apache-2.0
"""A chip that hangs: who does not move is told, and a restart gives every slot back where its last answer was."""

import random

import cocotb
from cocotb.triggers import ClockCycles, RisingEdge

from tb.evidence.coverage.points import host_port as cover
from tb.host_port.bench import DEFAULTS, PortBench
from tb.host_port.chip import LIMIT, NONE, AnswerToken, prompt_tokens
from tb.host_port.registers import Command, State, field, position

WINDOW = 100


async def hold_stalled(bench: PortBench, *slots: int) -> None:
    """These slots are stalled, and no others."""
    for slot in range(bench.size["SLOTS"]):
        status = await bench.get("SLOT.STATUS", slot)
        assert field(status, "SLOT.STATUS", "stalled") == (slot in slots), f"slot {slot}: {status:#x}"


@cocotb.test()
async def stalls(dut):
    """A slot that answers and gets no token is told, and it alone; one that moves is not, nor one whose host waits."""
    bench = await PortBench(dut, "none").start()
    chip = bench.chip
    await bench.put("SLOT.MAX_NEW", 2, 0)
    await bench.bring(0, State.BUSY)
    await ClockCycles(dut.clk_i, 3 * WINDOW)
    await hold_stalled(bench)  # nobody watches
    await bench.put("WATCHDOG", WINDOW)
    await bench.hold("WATCHDOG", WINDOW)
    await ClockCycles(dut.clk_i, 2 * WINDOW)
    bench.expected |= {"stalled"}
    await hold_stalled(bench, 0)
    cover.stalled("slot")
    await bench.hold_flags()
    chip.held.discard(0)
    await bench.hold_answer(0)
    await hold_stalled(bench)
    bench.out.paused = True
    bench.say(0, 1)
    await bench.until("an answer waits", lambda: int(dut.m_tok_tvalid_o.value))
    await ClockCycles(dut.clk_i, 3 * WINDOW)
    await hold_stalled(bench)
    bench.out.paused = False
    await bench.hold_answer(0)
    await bench.hold_flags()


@cocotb.test()
async def die_stalls(dut):
    """A die that is not idle, and into or out of which nothing goes, is told, though no slot answers."""
    bench = await PortBench(dut, "none").start()
    await bench.put("WATCHDOG", WINDOW)
    await ClockCycles(dut.clk_i, 3 * WINDOW)
    await bench.hold_flags()
    dut.idle_i.value = 0
    await ClockCycles(dut.clk_i, 2 * WINDOW)
    bench.expected |= {"stalled"}
    await hold_stalled(bench)
    dut.idle_i.value = 1
    cover.stalled("die")
    await bench.hold_flags()


@cocotb.test()
async def restarts(dut):
    """A restart in every state: slots are OPEN at the position of their last answer, and go on from there."""
    bench = await PortBench(dut, "none").start()
    chip, last = bench.chip, bench.size["SLOTS"] - 1
    chip.stops = 0.0
    for state in State:
        await bench.put("SLOT.MAX_NEW", 2, last)
        await bench.command(last, Command.OPEN)
        bench.say(last, 5, 6, 7)
        await bench.hold_answer(last)  # two tokens, at 3 and 4
        await bench.put("SLOT.MAX_NEW", 2, 0)
        await bench.bring(0, state)
        if state == State.BUSY:
            await bench.hold_slot(0, State.BUSY, 2)
        chip.given.clear()
        await bench.put("RESTART", 1)
        await bench.until("the chip is in reset", lambda: int(dut.restarting_o.value))
        await bench.until("it is out of reset", lambda: not int(dut.restarting_o.value))
        await bench.hold("RESTART", 0)
        await bench.hold_slot(0, State.CLOSED if state == State.CLOSED else State.OPEN, 0)
        await bench.hold_slot(last, State.OPEN, 4)
        if state == State.PREFILL:  # the rest of that prompt is nobody's
            bench.expected |= {"busy_slot"}
            bench.say(0, 3, 4)
            await bench.said()
        chip.held.clear()
        settings = DEFAULTS | {"SLOT.MAX_NEW": 2}
        for slot, at in ((last, 4), (0, 0)):
            if slot == last or state != State.CLOSED:
                tokens = [random.randrange(9) for _ in range(2)]
                bench.say(slot, *tokens)
                await bench.hold_answer(slot)
                assert chip.given.pop(slot) == prompt_tokens(slot, tokens, settings, True, at=at)
                bench.say(slot, 1)
                await bench.hold_answer(slot)
                assert chip.given.pop(slot) == prompt_tokens(slot, [1], settings, False)
            await bench.leave(slot)
        await bench.hold_flags()
        cover.restarted(state.name)


@cocotb.test()
async def no_restart(dut):
    """A restart is asked for with a 1."""
    bench = await PortBench(dut, "none").start()
    await bench.put("RESTART", 0)
    for _ in range(20):
        assert not int(dut.restarting_o.value)
        await RisingEdge(dut.clk_i)
    await bench.hold_flags()


@cocotb.test()
async def restart_beside_a_token(dut):
    """A token that waits for the chip goes with the restart; what waits behind it is dropped to the prompt's end."""
    bench = await PortBench(dut, "none").start()
    bench.chip.tokens.paused = True
    await bench.command(0, Command.OPEN)
    bench.say(0, 1, 2, 3, 4)
    await bench.until("a token waits for the chip", lambda: int(dut.tok_valid_o.value))
    bench.chip.tokens.in_reset = True
    await bench.put("RESTART", 1)
    await bench.until("the chip is in reset", lambda: int(dut.restarting_o.value))
    while int(dut.restarting_o.value):
        assert not int(dut.tok_valid_o.value) and not int(dut.out_ready_o.value)
        await RisingEdge(dut.clk_i)
    bench.chip.tokens.paused = bench.chip.tokens.in_reset = False
    bench.expected |= {"busy_slot"}
    await bench.said()
    await bench.hold_slot(0, State.OPEN, 0)
    assert not bench.chip.given
    bench.say(0, 7)
    await bench.hold_answer(0)
    assert bench.chip.given[0] == prompt_tokens(0, [7], DEFAULTS, True)
    await bench.hold_flags()


@cocotb.test()
async def stray_answers(dut):
    """An answer for a slot that waits for none or for another position, or for one that is not there, is told, and that
    is all."""
    bench = await PortBench(dut, "none").start()
    for state in (State.CLOSED, State.OPEN, State.PREFILL):
        await bench.bring(0, state)
        before = await bench.get("SLOT.STATUS")
        at = position(before)[1]  # where an answer would go on, if the slot waited for one
        for slot, pos, reason in (
            (0, 5, NONE),
            (0, at, NONE),
            (0, at, LIMIT),
            (bench.size["SLOTS"], at, LIMIT),
            (255, 5, NONE),
        ):
            bench.chip.out.send(AnswerToken(slot, pos, 7, reason))
            await ClockCycles(dut.clk_i, 10)
            bench.expected |= {"stray_answer"}
            await bench.hold("SLOT.STATUS", before)
            await bench.hold_flags()
        await bench.leave(0)
    assert not any(bench.answers.values())
    await bench.hold("TOKENS_OUT.LO", 0)
    await bench.bring(0, State.BUSY)  # it waits for one at 2
    for pos, reason in ((1, NONE), (3, LIMIT), (2 + (1 << 15), NONE)):
        bench.chip.out.send(AnswerToken(0, pos, 7, reason))
        await ClockCycles(dut.clk_i, 10)
        bench.expected |= {"stray_answer"}
        await bench.hold_slot(0, State.BUSY, 2)
        await bench.hold_flags()
    await bench.leave(0)
