# SPDX-License-Identifier: Apache-2.0
"""Adapter words through the host port: good frames reach their place, bad ones write nothing out of it."""

import random

import cocotb

from tb.evidence.coverage.points import host_port as cover
from tb.host_port.bench import PortBench
from tb.host_port.registers import Bank, Command, State
from tb.rig.stream import STALLS


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def frames(dut, stall):
    """Words of every array reach their place whole and in order; wrong frames among them write nothing out of place."""
    bench = await PortBench(dut, stall).start()
    size, wanted, good = bench.size, [], 0
    kinds = ["good"] * 4 + ["header only", "short", "long", "far too long", "bank", "layer", "word", "spare bits"]
    for kind in random.sample(kinds * 3, len(kinds) * 3):
        bank, array, layer, word = bench.random_place()
        header, chunks, keeps = bench.header(bank, array, layer, word), bench.chunks, 0
        if kind == "good":
            keeps, good = chunks, good + 1
            cover.word(array)
        elif kind == "header only":
            chunks = 0
        elif kind == "short":
            chunks = keeps = random.randint(1, chunks - 1)
        elif kind == "long":
            keeps, chunks = chunks, chunks + 1
        elif kind == "far too long":
            keeps, chunks = chunks, 2 * chunks + 3
        elif kind == "bank":
            header = bench.header(random.choice((size["ADAPTERS"], 15)), array, layer, word)
        elif kind == "layer":
            header = bench.header(bank, array, random.choice((size["LAYERS"], 255)), word)
        elif kind == "word":
            header = bench.header(bank, array, layer, random.choice((bench.words[array], 0xFFFF)))
        else:
            header |= random.choice((1, 2, 3)) << 26
        wanted += bench.frame(header, chunks)[:keeps]
        cover.frame(kind)
        if kind != "good":
            bench.expected |= {"bad_adapter_frame"}
            await bench.framed()
            await bench.hold_flags()
    await bench.framed()
    assert bench.loaded == wanted
    await bench.hold("ADAPTER_WORDS.LO", good)
    await bench.hold_flags()


@cocotb.test()
async def first_and_last(dut):
    """The first place and the last one that there is take a word, the next ones do not."""
    bench = await PortBench(dut, "none").start()
    size, wanted = bench.size, []
    for array, words in enumerate(bench.words):
        bank, layer, word = size["ADAPTERS"] - 1, size["LAYERS"] - 1, words - 1
        if array in (0, 1):
            wanted += bench.frame(bench.header(bank, array, layer, word) if array else 0)
            await bench.framed()
            await bench.hold_flags()
        for wrong in ((bank + 1, layer, word), (bank, layer + 1, word), (bank, layer, word + 1)):
            bench.frame(bench.header(wrong[0], array, *wrong[1:]), 1)
            await bench.framed()
            bench.expected = {"bad_adapter_frame"}
            await bench.hold_flags()
    assert bench.loaded == wanted


@cocotb.test()
async def banks(dut):
    """A bank takes frames while EMPTY, slots while READY; it is not emptied under a slot that has it."""
    bench = await PortBench(dut).start()
    count = bench.size["ADAPTERS"]
    for bank in range(count):
        for other in range(count):
            await bench.hold("ADAPTER_BANK", Bank.READY if other < bank else Bank.EMPTY, other)
        await bench.put("SLOT.ADAPTER", bank + 1, 0, "bad_value")
        wanted = bench.frame(bench.header(bank, 0, 0, 0))
        await bench.framed()
        assert bench.loaded == wanted
        bench.loaded.clear()
        for _ in range(2):
            await bench.put("ADAPTER_BANK", Bank.READY, bank)
        await bench.hold_flags()
        bench.expected = {"bad_adapter_frame"}
        bench.frame(bench.header(bank, 0, 0, 0))
        await bench.framed()
        await bench.hold_flags()
        cover.frame("READY")
        assert not bench.loaded
    for bank in range(count):
        slot = bank % bench.size["SLOTS"]
        await bench.put("SLOT.ADAPTER", bank + 1, slot)
        await bench.command(slot, Command.OPEN)
        for state in ("OPEN", "PREFILL", "BUSY"):
            if state != "OPEN":
                bench.chip.held.add(slot)
                bench.say(slot, 1, last=state == "BUSY")
                await bench.said()
            await bench.put("ADAPTER_BANK", Bank.EMPTY, bank, "busy_slot")
            await bench.hold("ADAPTER_BANK", Bank.READY, bank)
            await bench.hold_flags()
            cover.bank(state)
        assert {token.adapter for token in bench.chip.given.pop(slot)} == {bank + 1}
        await bench.leave(slot)
        await bench.put("SLOT.ADAPTER", bank + 1, slot)
        await bench.put("ADAPTER_BANK", Bank.EMPTY, bank)  # a closed slot only names it
        cover.bank("CLOSED")
        await bench.command(slot, Command.OPEN, "bad_value")
        await bench.hold_slot(slot, State.CLOSED)
        await bench.put("SLOT.ADAPTER", 0, slot)
        await bench.hold_flags()


@cocotb.test()
async def ready_in_the_middle(dut):
    """A bank that becomes READY in the middle of a frame takes nothing more of it."""
    bench = await PortBench(dut, "none").start()
    header = bench.header(0, 1, 0, 0)
    bench.lora.send((header, 0), (1, 0), (2, 0))
    await bench.framed()
    await bench.put("ADAPTER_BANK", Bank.READY)
    bench.lora.send(*((3, int(i == bench.chunks - 3)) for i in range(bench.chunks - 2)))
    await bench.framed()
    assert bench.loaded == [(0, 1, 0, 0, 0, 1), (0, 1, 0, 0, 1, 2)]
    bench.expected = {"bad_adapter_frame"}
    await bench.hold("ADAPTER_WORDS.LO", 0)
    await bench.hold_flags()
    await bench.put("ADAPTER_BANK", Bank.EMPTY)
    bench.frame(header)
    await bench.framed()
    await bench.hold("ADAPTER_WORDS.LO", 1)
    await bench.hold_flags()
    cover.frame("READY in the middle")
