# SPDX-License-Identifier: Apache-2.0
"""The KV SRAM: one word a slot and position, neighbours read together, with two clocks of latency."""

import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge

from tb.evidence.coverage.points import kv_sram as cover


async def start(dut):
    """Clock, idle inputs, and all addresses written with random words in random order: {(slot, pos): word}."""
    cocotb.start_soon(Clock(dut.clk_i, 10, "ns").start(start_high=False))
    for name in ("we_i", "slot_i", "wpos_i", "wdata_i", "re_i", "rpos_i"):
        getattr(dut, name).value = 0
    slots, depth, width = int(dut.SLOTS.value), int(dut.DEPTH.value), int(dut.WIDTH.value)
    words = {(slot, pos): random.getrandbits(width) for slot in range(slots) for pos in range(depth)}
    for slot, pos in random.sample(list(words), len(words)):
        cover.sample(dut, slot, written=pos)
        dut.we_i.value, dut.slot_i.value, dut.wpos_i.value, dut.wdata_i.value = 1, slot, pos, words[slot, pos]
        await RisingEdge(dut.clk_i)
    dut.we_i.value = 0
    return words


def ask(dut, slot, pos, together):
    """Read ``together`` positions from ``pos``, a multiple of POSITIONS, on: the banks that are enabled."""
    dut.re_i.value, dut.slot_i.value, dut.rpos_i.value = (1 << together) - 1, slot, pos


async def read(dut, slot, pos):
    """The words of a beat from ``pos`` on, as many as the slot has."""
    together = min(int(dut.POSITIONS.value), int(dut.DEPTH.value) - pos)
    for bank in range(together):
        cover.sample(dut, slot, read=pos + bank)
    ask(dut, slot, pos, together)
    await RisingEdge(dut.clk_i)
    dut.re_i.value = 0
    await ClockCycles(dut.clk_i, 2)
    assert not int(dut.corrected_o.value) and not int(dut.failed_o.value)
    return words_of(dut)[:together]


def words_of(dut):
    width, bits = int(dut.WIDTH.value), str(dut.rdata_o.value)
    parts = [bits[i : i + width] for i in range(0, len(bits), width)][::-1]  # a bank that was never read is unknown
    return [int(part, 2) if set(part) <= {"0", "1"} else None for part in parts]


def beats(dut):
    """Each (slot, first position of a beat), in random order."""
    starts = range(0, int(dut.DEPTH.value), int(dut.POSITIONS.value))
    places = [(slot, pos) for slot in range(int(dut.SLOTS.value)) for pos in starts]
    return random.sample(places, len(places))


@cocotb.test()
async def every_word(dut):
    """Every slot and position keeps its own word, and the output keeps the words until the next read."""
    words = await start(dut)
    for slot, pos in beats(dut):
        got = await read(dut, slot, pos)
        assert got == [words[slot, pos + bank] for bank in range(len(got))], f"slot {slot}, position {pos}"
        await RisingEdge(dut.clk_i)
        assert words_of(dut)[: len(got)] == got, "the words did not stay"


@cocotb.test()
async def enable(dut):
    """Without write enable nothing is written; a bank whose enable is low keeps its word."""
    words = await start(dut)
    for slot, pos in words:
        dut.slot_i.value, dut.wpos_i.value, dut.wdata_i.value = slot, pos, ~words[slot, pos] & 0xFF
        await RisingEdge(dut.clk_i)
    last = None
    for slot, pos in beats(dut):
        got = await read(dut, slot, pos)
        assert got == [words[slot, pos + bank] for bank in range(len(got))], f"slot {slot}, position {pos}"
        if last and len(got) == len(last[1]) > 1:
            ask(dut, *last[0], 1)
            await RisingEdge(dut.clk_i)
            dut.re_i.value = 0
            await ClockCycles(dut.clk_i, 2)
            assert words_of(dut)[: len(got)] == [last[1][0], *got[1:]]
        last = (slot, pos), got


@cocotb.test()
async def both_ports(dut):
    """Writes and reads of other positions in the same clock."""
    words = await start(dut)
    depth, width, step = int(dut.DEPTH.value), int(dut.WIDTH.value), int(dut.POSITIONS.value)
    due = [[], []]  # what was asked for, by clock
    for _ in range(200):
        slot = random.randrange(int(dut.SLOTS.value))
        first = random.randrange(0, depth, step)
        together = min(step, depth - first)
        free = [pos for pos in range(depth) if not first <= pos < first + together] or [None]
        wpos, word = random.choice(free), random.getrandbits(width)
        for bank in range(together):
            cover.sample(dut, slot, wpos, first + bank)
        dut.we_i.value, dut.slot_i.value, dut.wpos_i.value, dut.wdata_i.value = wpos is not None, slot, wpos or 0, word
        ask(dut, slot, first, together)
        await RisingEdge(dut.clk_i)
        assert words_of(dut)[: len(due[1])] == due[1]
        due = [[words[slot, first + bank] for bank in range(together)], due[0]]
        if wpos is not None:
            words[slot, wpos] = word
