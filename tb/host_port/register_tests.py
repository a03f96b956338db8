# SPDX-License-Identifier: Apache-2.0
"""Registers of the host port: what is illegal is refused, raises its flag and no other, and changes nothing."""

import itertools
import random

import cocotb
from cocotb.triggers import ClockCycles, RisingEdge

from tb.evidence.coverage.points import host_port as cover
from tb.host_port.axi_lite import ALL, OKAY, SLVERR
from tb.host_port.bench import WORD, PortBench
from tb.host_port.chip import LIMIT, AnswerToken
from tb.host_port.registers import COUNTERS, FLAGS, Bank, Command, State
from tb.rig.stream import STALLS


@cocotb.test()
async def reset_values(dut):
    """Every register there is reads its reset value or the die's geometry; counters count nothing but clocks."""
    bench = await PortBench(dut, "none").start()
    registers = [register for register in bench.registers.all() if not register[0].startswith("CYCLES")]
    got = await bench.axi.reads(*(bench.registers.address(*register) for register in registers))
    for (name, index), read in zip(registers, got, strict=True):
        assert read == (bench.registers.reset(name), OKAY), f"{name}[{index}] is {read[0]:#x}, response {read[1]}"
        cover.read(name)
    await bench.hold_flags()


@cocotb.test()
async def addresses(dut):
    """Every other address, the neighbours of registers first of all, is illegal to read and to write."""
    bench = await PortBench(dut, "none").start()
    there = {bench.registers.address(*register) for register in bench.registers.all()}
    edges = {address + step for address in there for step in (-4, -1, 1, 2, 3, 4) if 0 <= address + step < 1 << 16}
    some = random.sample(sorted(edges - there), min(150, len(edges - there)))
    ends = {0x1000 + 0x20 * bench.size["SLOTS"], 0x3000, 0xFFFC, *range(0x140), *random.sample(range(1 << 16), 50)}
    for address in [*some, *sorted(ends - there)]:
        assert await bench.axi.read(address) == (0, SLVERR), f"read of {address:#06x}"
        assert await bench.axi.write(address, random.getrandbits(32)) == SLVERR, f"write of {address:#06x}"
        cover.nowhere(address, bench.size)
        bench.expected = {"illegal_address"}
    await bench.hold_flags()


@cocotb.test()
async def read_only(dut):
    """Registers that only read refuse a write; they, and what can be written, are as before."""
    bench = await PortBench(dut).start()
    for name, registers in itertools.groupby(bench.registers.all(), lambda register: register[0]):
        if bench.registers.bits(name):
            continue
        for _, index in registers:
            before = None if name.startswith("CYCLES") else await bench.get(name, index)
            await bench.put(name, random.getrandbits(32), index, "read_only", random.choice((ALL, 1)))
            if before is not None:
                await bench.hold(name, before, index)
        cover.refused_write(name)
        await bench.hold_flags()


@cocotb.test()
async def strobes(dut):
    """All bytes or none: none changes nothing, some are refused, for every pattern and for commands too."""
    bench = await PortBench(dut).start()
    for pattern in range(16):
        flag = "partial_write" if pattern not in (0, ALL) else ""
        await bench.put("SLOT.SEED", 0x1000 + pattern, 1, flag, pattern)
        await bench.hold("SLOT.SEED", 0x1000 + pattern if pattern == ALL else 0, 1)
        if pattern != ALL:
            await bench.put("SLOT.CTRL", Command.OPEN, 1, flag, pattern)
            await bench.put("STOP_TOKEN", 5, 2, flag, pattern)
            await bench.put("ADAPTER_BANK", Bank.READY, 0, flag, pattern)
            await bench.hold("STOP_TOKEN", 0xFFFFFF, 2)
            await bench.hold("ADAPTER_BANK", Bank.EMPTY)
            await bench.hold_slot(1, State.CLOSED)
        cover.strobes(pattern)
        await bench.hold_flags()
    await bench.put("ID", 0, 0, "read_only", 0)
    await bench.write(0x2C, 0, "illegal_address", 0)
    await bench.hold_flags()


@cocotb.test()
async def values(dut):
    """Registers keep what they are given, alone, in every slot; bits that they do not have are refused."""
    bench = await PortBench(dut).start()
    slots = range(bench.size["SLOTS"])
    for index, value in itertools.product(range(4), (0, 0xFFFFFF)):
        await bench.put("STOP_TOKEN", value, index)
        await bench.hold("STOP_TOKEN", value, index)
    wanted = {("STOP_TOKEN", i): random.getrandbits(24) for i in range(4)}
    wanted["SIGNATURE_SELECT", 0] = random.getrandbits(10)
    wanted["WATCHDOG", 0] = random.getrandbits(32) | 1 << 31
    wanted |= {(name, slot): value for slot in slots for name, value in bench.random_settings().items()}
    for (name, index), value in random.sample(sorted(wanted.items()), len(wanted)):
        await bench.put(name, value, index)
        cover.write(name)
    for (name, index), value in wanted.items():
        await bench.hold(name, value, index)
    stops = sum(wanted["STOP_TOKEN", i] << 24 * i for i in range(4))
    assert int(dut.stop_ids_o.value) == stops
    await bench.hold_flags()
    for name, index in bench.registers.all():
        spare = ~bench.registers.bits(name) & WORD
        if name == "ERRORS" or not bench.registers.bits(name) or not spare:
            continue
        bit = 1 << random.choice([bit for bit in range(32) if spare >> bit & 1])
        await bench.put(name, bit | (wanted.get((name, index), 1)), index, "bad_value")
        await bench.hold_flags()
    for (name, index), value in wanted.items():
        await bench.hold(name, value, index)


@cocotb.test()
async def signatures(dut):
    """The chip is asked for the stream that the host selected, and its word of the moment is what the host reads."""
    bench = await PortBench(dut).start()
    for layer, array in [(0, 0), (255, 3), *((random.getrandbits(8), random.getrandbits(2)) for _ in range(5))]:
        await bench.put("SIGNATURE_SELECT", array << 8 | layer)
        assert (int(dut.sig_layer_o.value), int(dut.sig_array_o.value)) == (layer, array)
        for word in (random.getrandbits(32), random.getrandbits(32)):
            dut.signature_i.value = word
            await bench.hold("SIGNATURE", word)
    await bench.hold_flags()


@cocotb.test()
async def bad_settings(dut):
    """Values that fit the bits but mean nothing are refused; the largest and smallest that do are taken."""
    bench = await PortBench(dut).start()
    top_k = bench.size["TOP_K"]
    bad = {
        "SLOT.ADAPTER": [*range(1, 16)],
        "SLOT.MAX_NEW": [0],
        "SLOT.TOP_K": [top_k + 1, 31],
        "SLOT.BETA": [0],
        "SLOT.CTRL": [0, 3, 5, 6, 7],
    }
    good = {"SLOT.TOP_K": [0, top_k], "SLOT.MAX_NEW": [1, 0xFFFF], "SLOT.BETA": [1, 0xFFFFFF], "SLOT.SEED": [0, WORD]}
    for name, wrong in bad.items():
        for value in wrong:
            before = await bench.get(name, 1)
            await bench.put(name, value, 1, "bad_value")
            await bench.hold(name, before, 1)
            await bench.hold_flags()
            cover.bad_value(name)
    for name, right in good.items():
        for value in right:
            await bench.put(name, value, 1)
            await bench.hold(name, value, 1)
    await bench.hold_slot(1, State.CLOSED)
    await bench.hold_flags()


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def bus(dut, stall):
    """Address and data of a write in either order; reads and writes side by side, many on their way."""
    bench = await PortBench(dut, stall).start()
    axi, seed, last = bench.axi, bench.registers.address("SLOT.SEED"), bench.registers.reset("SLOT.SEED")
    for lead, clocks in [(lead, clocks) for lead in (axi.aw, axi.w) for clocks in (1, 2, 7)]:
        value = random.getrandbits(32)
        beats = {axi.aw: (seed,), axi.w: (value, ALL)}
        before = lead.accepted
        lead.send(beats.pop(lead))
        await bench.until("one half of the write is taken", lambda lead=lead, before=before: lead.accepted > before)
        await ClockCycles(dut.clk_i, clocks)
        assert not axi.b.beats and not int(dut.s_axil_bvalid_o.value), "a response before the whole write"
        await bench.hold("SLOT.SEED", last)
        last = value
        for end, beat in beats.items():
            end.send(beat)
        assert await axi.b.receive(1) == [(OKAY,)]
        await bench.hold("SLOT.SEED", value)
        cover.order("address first" if lead is axi.aw else "data first", stall)

    async def write():
        pairs = [(seed + 0x20 * (i % 2), random.getrandbits(32), ALL) for i in range(30)]
        assert await axi.writes(*pairs, (2, 0, ALL)) == [OKAY] * 30 + [SLVERR]
        return [data for _, data, _ in pairs[-2:]]

    async def read():
        constants = ["ID", "VOCAB", "LAYERS", "SLOTS", "DEPTH"] * 8
        got = await axi.reads(*map(bench.registers.address, constants), 3)
        assert got == [(bench.registers.reset(name), OKAY) for name in constants] + [(0, SLVERR)]

    writing, reading = cocotb.start_soon(write()), cocotb.start_soon(read())
    for slot, value in enumerate(await writing):
        await bench.hold("SLOT.SEED", value, slot)
    await reading
    cover.order("together", stall)
    bench.expected = {"illegal_address"}
    await bench.hold_flags()


@cocotb.test()
async def errors(dut):
    """Every flag is raised alone and cleared alone; writing zeros clears none; one raised while it is cleared stays."""
    bench = await PortBench(dut, "none").start()

    async def pulse(signal):
        await RisingEdge(dut.clk_i)
        signal.value = 1 << random.randrange(len(signal))
        await RisingEdge(dut.clk_i)
        signal.value = 0

    async def overlong(slot):
        await bench.command(slot, Command.OPEN)
        bench.say(slot, *[1] * (bench.size["DEPTH"] + 1))
        await bench.answer(slot)
        await bench.command(slot, Command.CLOSE)

    async def token(slot, token=1):
        bench.say(slot, token)
        await bench.said()

    async def bad_token():
        await bench.command(0, Command.OPEN)
        await token(0, WORD)
        await bench.command(0, Command.CLOSE)

    async def frame():
        bench.frame(bench.header(0, 0, 0, 0), 0)
        await bench.framed()

    async def stalled():
        await bench.put("WATCHDOG", 2)
        dut.idle_i.value = 0
        await ClockCycles(dut.clk_i, 6)
        dut.idle_i.value = 1
        await bench.put("WATCHDOG", 0)

    async def stray():
        bench.chip.out.send(AnswerToken(0, 3, 7, LIMIT))
        await bench.until("it is taken", lambda: not bench.chip.out.beats and not int(dut.out_valid_i.value))

    raised = {
        "illegal_address": lambda: bench.axi.read(0xFFFC),
        "read_only": lambda: bench.axi.write(0, 0),
        "partial_write": lambda: bench.axi.write(bench.registers.address("SLOT.SEED"), 0, 2),
        "bad_value": lambda: bench.axi.write(bench.registers.address("SLOT.BETA"), 0),
        "busy_slot": lambda: bench.axi.writes(*[(bench.registers.address("SLOT.CTRL"), c, ALL) for c in (1, 1, 2)]),
        "unknown_slot": lambda: token(200),
        "bad_token": bad_token,
        "overlong": lambda: overlong(1),
        "bad_adapter_frame": frame,
        "sram_corrected": lambda: pulse(dut.corrected_i),
        "sram_failed": lambda: pulse(dut.failed_i),
        "stalled": stalled,
        "stray_answer": stray,
        "parted": lambda: pulse(dut.parted_i),
    }
    assert tuple(raised) == FLAGS
    for name, raise_it in raised.items():
        await raise_it()
        bench.expected = {name}
        await bench.hold_flags()
        cover.flag(name)
    for raise_it in raised.values():
        await raise_it()
    await bench.hold("ERRORS", (1 << len(FLAGS)) - 1)
    for bit in random.sample(range(len(FLAGS)), len(FLAGS)):
        before = await bench.get("ERRORS")
        await bench.put("ERRORS", 0)
        await bench.hold("ERRORS", before)
        await bench.put("ERRORS", 1 << bit)
        await bench.hold("ERRORS", before & ~(1 << bit))
    await bench.hold("ERRORS", 0)
    clearing = cocotb.start_soon(bench.put("ERRORS", WORD))
    dut.failed_i.value = 1
    await RisingEdge(dut.clk_i)
    while not int(dut.u_host_port.writing.value):
        await RisingEdge(dut.clk_i)
    dut.failed_i.value = 0
    await clearing
    bench.expected = {"sram_failed"}
    await bench.hold_flags()


@cocotb.test()
async def counters(dut):
    """Every counter counts what it says, over 32 bits, its halves of one moment; all are cleared at once."""
    bench = await PortBench(dut, "none").start()
    layers = bench.size["LAYERS"]
    inputs = {"LAYERS_BUSY": dut.layer_busy_i, "CORRECTED": dut.corrected_i, "FAILED": dut.failed_i}
    wanted = dict.fromkeys(COUNTERS, 0)
    for _ in range(100):
        for name, signal in inputs.items():
            bits = random.getrandbits(layers)
            signal.value = bits
            wanted[name] += bits.bit_count()
        await RisingEdge(dut.clk_i)
    for signal in inputs.values():
        signal.value = 0
    bench.expected = {"sram_corrected", "sram_failed"}
    for slot in (0, 1):
        await bench.put("SLOT.MAX_NEW", 3, slot)
        await bench.command(slot, Command.OPEN)
        bench.say(slot, *range(slot + 2))
        wanted["TOKENS_IN"] += slot + 2
        wanted["TOKENS_OUT"] += len(await bench.hold_answer(slot))
    bench.frame(bench.header(0, 3, 0, 0))
    bench.frame(bench.header(0, 3, 0, 0), bench.chunks - 1)
    await bench.framed()
    wanted["ADAPTER_WORDS"] = 1
    bench.expected |= {"bad_adapter_frame"}
    await bench.hold_flags()
    for name, value in wanted.items():
        if name != "CYCLES":
            await bench.hold(f"{name}.LO", value)
            await bench.hold(f"{name}.HI", 0)
        cover.counter(name)
    times = []
    for _ in range(2):
        low = await bench.get("CYCLES.LO")
        times.append((low, bench.axi.ar.accepted_at))
        await ClockCycles(dut.clk_i, 37)
    assert times[1][0] - times[0][0] == times[1][1] - times[0][1], f"clocks between two reads: {times}"

    counters = dut.u_host_port.u_counters
    for index, name in enumerate(COUNTERS):  # the high half is that of the moment at which the low one was read
        high, low = (random.getrandbits(32) for _ in range(2))
        counters.above_q[index].value, counters.low_q[index].value = high, low >> 1
        assert low >> 1 <= await bench.get(f"{name}.LO") < (low >> 1) + 9
        counters.above_q[index].value, counters.low_q[index].value = high ^ WORD, 0
        await bench.get(f"{COUNTERS[index - 1]}.LO")
        for slot, other in itertools.product((0, 1), ("CTRL", "ADAPTER", "TOP_K", "SEED")):
            await bench.get(f"SLOT.{other}", slot)
        await bench.hold(f"{name}.HI", high)
        await bench.get(f"{name}.LO")
        await bench.hold(f"{name}.HI", high ^ WORD)
    halves = set()
    for before in range(19, 0, -1):  # the low half is read at every moment around its carry
        counters.above_q[0].value, counters.carry_q[0].value, counters.low_q[0].value = 0, 0, WORD + 1 - before
        low = await bench.get("CYCLES.LO")
        halves.add(carried := low < before + 20)
        await bench.hold("CYCLES.HI", int(carried))
    assert halves == {False, True}
    await bench.put("COUNTERS_CLEAR", 0)
    await bench.get("CYCLES.LO")
    await bench.hold("CYCLES.HI", 1)
    await bench.put("COUNTERS_CLEAR", 1)
    for name in COUNTERS:
        assert await bench.get(f"{name}.LO") < (200 if name == "CYCLES" else 1)
        await bench.hold(f"{name}.HI", 0)
    await bench.hold("COUNTERS_CLEAR", 0)
