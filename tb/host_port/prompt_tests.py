# SPDX-License-Identifier: Apache-2.0
"""Prompts through the host port: those that the chip must get, and those that must be dropped or refused."""

import itertools
import random

import cocotb
from cocotb.triggers import ClockCycles

from tb.evidence.coverage.points import host_port as cover
from tb.host_port.axi_lite import ALL, OKAY
from tb.host_port.bench import WORD, PortBench
from tb.host_port.chip import CONTEXT, ERROR, LIMIT, STOP, AnswerToken, prompt_tokens
from tb.host_port.registers import SETTINGS, Command, State
from tb.rig.stream import STALLS


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def prompts(dut, stall):
    """Turns of one slot: the settings of the moment go along, positions and `first` are right, up to a full context."""
    bench, depth = await PortBench(dut, stall).start(), int(dut.DEPTH.value)
    slot = bench.size["SLOTS"] - 1
    for _ in range(2):
        await bench.command(slot, Command.OPEN)
        at, first, end = 0, True, 0
        while end != CONTEXT:
            settings = bench.random_settings()
            for name in SETTINGS[1:]:
                await bench.put(name, settings[name], slot)
            prompt = [random.randrange(bench.size["VOCAB"]) for _ in range(random.randint(1, 4))]
            over = at + len(prompt) > depth
            bench.say(slot, *prompt)
            answer = await bench.hold_answer(slot)
            assert bench.chip.given.pop(slot) == prompt_tokens(slot, prompt, settings, first)
            at = min(depth, at + len(prompt)) + len(answer) - 1
            end, first = answer[-1].reason, False
            await bench.hold_slot(slot, State.OPEN, at)
            cover.prompt(len(prompt), over, end)
            bench.expected |= {"overlong"} if over else set()
        await bench.command(slot, Command.CLOSE)
    await bench.hold_flags()


@cocotb.test()
async def ends(dut):
    """Every way to end an answer, of prompts of one token and of several, sets the slot free at the right position."""
    bench, depth = await PortBench(dut).start(), int(dut.DEPTH.value)
    for count, (end, stops, limit) in itertools.product((1, 3), ((STOP, 1, 9), (LIMIT, 0, 2), (CONTEXT, 0, 0xFFFF))):
        bench.chip.stops = stops
        await bench.put("SLOT.MAX_NEW", limit, 0)
        await bench.command(0, Command.OPEN)
        bench.say(0, *range(count))
        answer = await bench.hold_answer(0)
        assert answer[-1].reason == end
        assert len(answer) == {STOP: 1, LIMIT: 2, CONTEXT: depth - count + 1}[end]
        await bench.hold_slot(0, State.OPEN, count + len(answer) - 1)
        cover.prompt(count, False, end)
        await bench.command(0, Command.CLOSE)
    await bench.hold_flags()


@cocotb.test()
async def overlong(dut):
    """A prompt without room is refused by the chip and flagged; one that fits to the last place is not."""
    bench, depth = await PortBench(dut).start(), int(dut.DEPTH.value)
    await bench.command(0, Command.OPEN)
    bench.say(0, *[3] * depth)
    assert [answer.reason for answer in await bench.hold_answer(0)][-1] in (CONTEXT, 1)
    await bench.hold_slot(0, State.OPEN, depth)
    await bench.hold_flags()
    for prompt in ([4], [4, 5]):
        bench.say(0, *prompt)
        assert await bench.hold_answer(0) == [AnswerToken(0, depth, prompt[-1], CONTEXT)]
        await bench.hold_slot(0, State.OPEN, depth)
        bench.expected = {"overlong"}
        await bench.hold_flags()
        cover.prompt(len(prompt), True, CONTEXT)
    await bench.command(0, Command.CLOSE)
    await bench.command(0, Command.OPEN)
    bench.say(0, *range(depth + 2))
    assert [answer.reason for answer in await bench.hold_answer(0)] == [CONTEXT]
    bench.expected = {"overlong"}
    await bench.hold_flags()


@cocotb.test()
async def unknown_slots(dut):
    """Tokens for slots that are closed or not there are dropped, prompts whole; the neighbour's arrive."""
    bench = await PortBench(dut).start()
    slots = bench.size["SLOTS"]
    await bench.command(1, Command.OPEN)
    for slot in (0, *{min(255, slots), 255} - {slots - 1}):
        bench.say(1, 7, last=False)
        bench.say(slot, 8, WORD)
        bench.say(1, 10, last=False)
        await bench.said()
        assert [token.token for token in bench.chip.given.pop(1)] == [7, 10]
        assert not bench.chip.given
        bench.expected = {"unknown_slot"}
        await bench.hold_flags()
        await bench.hold_slot(1, State.PREFILL)
        cover.dropped("closed" if slot == 0 else "not there")
    for slot in range(slots):
        assert await bench.state(slot) == (State.PREFILL if slot == 1 else State.CLOSED)


@cocotb.test()
async def busy_slots(dut):
    """A prompt that begins while its slot answers is dropped to its end, though the answer end in the middle of it."""
    bench = await PortBench(dut).start()
    for whole in (True, False):
        await bench.bring(0, State.BUSY)
        bench.chip.given.clear()
        bench.say(0, 20, WORD, last=whole)
        await bench.said()
        await bench.hold_slot(0, State.BUSY)
        bench.chip.held.clear()
        await bench.command(0, Command.STOP)
        await bench.hold_answer(0)
        await bench.hold_slot(0, State.OPEN)
        if not whole:
            bench.say(0, 22, 23)
            await bench.said()
            await bench.hold_slot(0, State.OPEN)
        assert not bench.chip.given
        bench.expected = {"busy_slot"}
        await bench.hold_flags()
        cover.dropped("busy" if whole else "busy, then open")
        bench.say(0, 24)
        await bench.hold_answer(0)
        assert [token.token for token in bench.chip.given[0]] == [24]
        await bench.command(0, Command.CLOSE)
    await bench.bring(0, State.BUSY)  # opening a slot begins anew
    bench.say(0, 30, last=False)
    await bench.said()
    await bench.leave(0)
    bench.chip.given.clear()
    await bench.command(0, Command.OPEN)
    bench.say(0, 31)
    await bench.hold_answer(0)
    assert [token.token for token in bench.chip.given[0]] == [31]
    bench.expected = {"busy_slot"}
    await bench.hold_flags()


@cocotb.test()
async def bad_tokens(dut):
    """From its first bad token on a prompt is dropped, its end is an error; the slot goes on behind what was good."""
    bench = await PortBench(dut).start()
    vocab = bench.size["VOCAB"]
    for slot, bad in enumerate((vocab, vocab + 1, 1 << 24, 1 << 31, WORD)):
        slot %= bench.size["SLOTS"]
        for place, count in ((0, 1), (0, 3), (1, 3), (2, 3)):
            await bench.command(slot, Command.OPEN)
            good = [random.randrange(vocab) for _ in range(count)]
            bench.say(slot, *good[:place], bad, *good[place + 1 :])
            await bench.said()
            last = (bad if place == count - 1 else good[-1]) & 0xFFFFFF
            assert await bench.answer(slot) == [AnswerToken(slot, place, last, ERROR)]
            assert [token.token for token in bench.chip.given.pop(slot, [])] == good[:place]
            await bench.hold_slot(slot, State.OPEN, place)
            bench.expected = {"bad_token"}
            await bench.hold_flags()
            cover.bad_token("only" if count == 1 else "first" if place == 0 else "last" if place == 2 else "middle")
            bench.say(slot, vocab - 1)
            await bench.hold_answer(slot)
            (token,) = bench.chip.given.pop(slot)
            assert token.first == (place == 0) and token.token == vocab - 1
            await bench.command(slot, Command.CLOSE)
    await bench.hold_flags()


@cocotb.test()
async def a_prompt_is_bad_once(dut):
    """What is bad behind a prompt's first bad token is dropped with the rest: no flag says so again."""
    bench = await PortBench(dut).start()
    await bench.command(0, Command.OPEN)
    bench.say(0, 1, WORD, last=False)
    await bench.said()
    bench.expected = {"bad_token"}
    await bench.hold_flags()
    bench.say(0, WORD, 2, WORD)
    await bench.said()
    assert await bench.answer(0) == [AnswerToken(0, 1, 0xFFFFFF, ERROR)]
    await bench.hold_flags()


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def refusals_wait(dut, stall):
    """Error answers wait for the chip's and for register writes: none is lost, none comes twice, nobody else waits."""
    bench = await PortBench(dut, stall).start()
    for slot in (0, 1):
        await bench.command(slot, Command.OPEN)
    await bench.put("SLOT.MAX_NEW", 20, 0)
    seed = bench.registers.address("SLOT.SEED", 2)
    writing = cocotb.start_soon(bench.axi.writes(*((seed, i, ALL) for i in range(60))))
    bench.say(0, 1)
    for _ in range(40):
        bench.say(1, WORD)
    await bench.hold_answer(0)
    for _ in range(40):
        assert await bench.answer(1) == [AnswerToken(1, 0, 0xFFFFFF, ERROR)]
    assert await writing == [OKAY] * 60
    await bench.said()
    await ClockCycles(dut.clk_i, 100)
    assert not any(bench.answers.values())
    bench.expected = {"bad_token"}
    await bench.hold_flags()


@cocotb.test()
async def far_positions(dut):
    """At any position of the context, however long: refusals and answers name it; its end is where the die has it."""
    bench = await PortBench(dut, "none").start()
    depth = bench.size["DEPTH"]
    for slot in (0, bench.size["SLOTS"] - 1):
        await bench.command(slot, Command.OPEN)
        bench.say(slot, 1, last=False)
        await bench.said()
        for at in (0x5555 % (depth - 2), 0xAAAA % (depth - 2), depth - 2):
            dut.u_host_port.u_slots.pos_q[slot].value = bench.chip.positions[slot] = at
            bench.say(slot, WORD)
            assert await bench.answer(slot) == [AnswerToken(slot, at, 0xFFFFFF, ERROR)]
            bench.expected = {"bad_token"}
            await bench.hold_flags()
            await bench.put("SLOT.MAX_NEW", 1, slot)
            bench.say(slot, 2)
            await bench.hold_answer(slot)
            await bench.hold_slot(slot, State.OPEN, at + 1)
        bench.say(slot, 3, 4)
        assert [answer.reason for answer in await bench.hold_answer(slot)] == [CONTEXT]
        await bench.hold_slot(slot, State.OPEN, depth)
        bench.say(slot, WORD)
        assert await bench.answer(slot) == [AnswerToken(slot, depth, 0xFFFFFF, ERROR)]
        bench.expected = {"overlong", "bad_token"}
        await bench.hold_flags()
