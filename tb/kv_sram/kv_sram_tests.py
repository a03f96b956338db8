# SPDX-License-Identifier: Apache-2.0
"""The KV SRAM: one word a slot and position, read with one clock of latency."""

import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge

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


async def read(dut, slot, pos):
    cover.sample(dut, slot, read=pos)
    dut.re_i.value, dut.slot_i.value, dut.rpos_i.value = 1, slot, pos
    await RisingEdge(dut.clk_i)
    dut.re_i.value, dut.rpos_i.value = 0, random.randrange(int(dut.DEPTH.value))
    await RisingEdge(dut.clk_i)
    assert not int(dut.corrected_o.value) and not int(dut.failed_o.value)
    return dut.rdata_o.value.to_unsigned()


@cocotb.test()
async def every_word(dut):
    """Every slot and position keeps its own word, and the output keeps the word until the next read."""
    words = await start(dut)
    for slot, pos in random.sample(list(words), len(words)):
        assert await read(dut, slot, pos) == words[slot, pos], f"slot {slot}, position {pos}"
        await RisingEdge(dut.clk_i)
        assert dut.rdata_o.value.to_unsigned() == words[slot, pos], "the word did not stay"


@cocotb.test()
async def enable(dut):
    """Without write enable nothing is written."""
    words = await start(dut)
    for slot, pos in words:
        dut.slot_i.value, dut.wpos_i.value, dut.wdata_i.value = slot, pos, ~words[slot, pos] & 0xFF
        await RisingEdge(dut.clk_i)
    for slot, pos in words:
        assert await read(dut, slot, pos) == words[slot, pos], f"slot {slot}, position {pos}"


@cocotb.test()
async def both_ports(dut):
    """Writes and reads of other positions in the same clock."""
    words = await start(dut)
    depth, width = int(dut.DEPTH.value), int(dut.WIDTH.value)
    due = None
    for _ in range(200):
        slot = random.randrange(int(dut.SLOTS.value))
        wpos, rpos = random.sample(range(depth), 2)
        word = random.getrandbits(width)
        cover.sample(dut, slot, wpos, rpos)
        dut.we_i.value, dut.slot_i.value, dut.wpos_i.value, dut.wdata_i.value = 1, slot, wpos, word
        dut.re_i.value, dut.rpos_i.value = 1, rpos
        await RisingEdge(dut.clk_i)
        assert due is None or dut.rdata_o.value.to_unsigned() == due
        due, words[slot, wpos] = words[slot, rpos], word
