"""The host port between a host that does what it may, and what it may not, and a core that the bench plays.

What is illegal must be refused or dropped, raise its flag and no other, and change nothing.
"""

import itertools
import random

import cocotb
from cocotb.triggers import ClockCycles, Event, RisingEdge

from tb.evidence.coverage.points import host_port as cover
from tb.host_port.axi_lite import ALL, OKAY, SLVERR
from tb.host_port.bench import Bench
from tb.host_port.core import CONTEXT, ERROR, LIMIT, STOP, Answer, Given
from tb.host_port.registers import COUNTERS, FLAGS, SETTINGS, Bank, Command, State
from tb.rig.bundles import Sample
from tb.rig.stream import STALLS

DEFAULTS = dict.fromkeys(SETTINGS, 0) | {"SLOT.MAX_NEW": 0xFFFF, "SLOT.TOP_K": 1, "SLOT.BETA": 94548}
WORD = 0xFFFFFFFF


def random_settings(bench: Bench, adapters: tuple[int, ...] = (0,)) -> dict[str, int]:
    """Legal values of a slot's registers."""
    return {
        "SLOT.ADAPTER": random.choice(adapters),
        "SLOT.MAX_NEW": random.choice((1, random.randint(2, 9), 0xFFFF)),
        "SLOT.TOP_K": random.randint(0, bench.size["TOP_K"]),
        "SLOT.BETA": random.choice((1, random.getrandbits(23) + 1, 0xFFFFFF)),
        "SLOT.SEED": random.getrandbits(32),
    }


def given(slot: int, tokens: list[int], settings: dict[str, int], first: bool, last: bool = True) -> list[Given]:
    """What the core gets of a prompt."""
    sample = Sample(top_k=settings["SLOT.TOP_K"], beta=settings["SLOT.BETA"], seed=settings["SLOT.SEED"])
    more = (settings["SLOT.MAX_NEW"], settings["SLOT.ADAPTER"], sample.pack())
    end = len(tokens) - 1
    return [Given(slot, t, int(first and i == 0), int(last and i == end), *more) for i, t in enumerate(tokens)]


async def bring(bench: Bench, slot: int, state: State) -> None:
    """A closed slot to a state, with default settings; BUSY: its answer is held."""
    if state != State.CLOSED:
        await bench.command(slot, Command.OPEN)
    if state == State.PREFILL:
        bench.say(slot, 1, last=False)
    if state == State.BUSY:
        bench.core.held.add(slot)
        bench.say(slot, 1, 2)
    await bench.said()
    await bench.hold_slot(slot, state)


async def leave(bench: Bench, slot: int) -> None:
    """A slot in any state to CLOSED."""
    state = await bench.state(slot)
    bench.core.held.discard(slot)
    if state == State.BUSY:
        await bench.command(slot, Command.STOP)
        await bench.hold_answer(slot)
    if state != State.CLOSED:
        await bench.command(slot, Command.CLOSE)
    await bench.hold_slot(slot, State.CLOSED, 0)


# ---- registers


@cocotb.test()
async def reset_values(dut):
    """Every register there is reads its reset value or the die's geometry; counters count nothing but clocks."""
    bench = await Bench(dut, "none").start()
    registers = [register for register in bench.registers.all() if not register[0].startswith("CYCLES")]
    got = await bench.axi.reads(*(bench.registers.address(*register) for register in registers))
    for (name, index), read in zip(registers, got, strict=True):
        assert read == (bench.registers.reset(name), OKAY), f"{name}[{index}] is {read[0]:#x}, response {read[1]}"
        cover.read(name)
    await bench.hold_flags()


@cocotb.test()
async def addresses(dut):
    """Every other address, the neighbours of registers first of all, is illegal to read and to write."""
    bench = await Bench(dut, "none").start()
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
    bench = await Bench(dut).start()
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
    bench = await Bench(dut).start()
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
    bench = await Bench(dut).start()
    slots = range(bench.size["SLOTS"])
    for index, value in itertools.product(range(4), (0, 0xFFFFFF)):
        await bench.put("STOP_TOKEN", value, index)
        await bench.hold("STOP_TOKEN", value, index)
    wanted = {("STOP_TOKEN", i): random.getrandbits(24) for i in range(4)}
    wanted |= {(name, slot): value for slot in slots for name, value in random_settings(bench).items()}
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
async def bad_settings(dut):
    """Values that fit the bits but mean nothing are refused; the largest and smallest that do are taken."""
    bench = await Bench(dut).start()
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
    bench = await Bench(dut, stall).start()
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
    bench = await Bench(dut, "none").start()

    async def sram(signal):
        await RisingEdge(dut.clk_i)
        signal.value = 1 << random.randrange(bench.size["LAYERS"])
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
        "sram_corrected": lambda: sram(dut.corrected_i),
        "sram_failed": lambda: sram(dut.failed_i),
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
    while not int(dut.write.value):
        await RisingEdge(dut.clk_i)
    dut.failed_i.value = 0
    await clearing
    bench.expected = {"sram_failed"}
    await bench.hold_flags()


@cocotb.test()
async def counters(dut):
    """Every counter counts what it says, over 32 bits, its halves of one moment; all are cleared at once."""
    bench = await Bench(dut, "none").start()
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

    for index, name in enumerate(COUNTERS):  # the high half is that of the moment at which the low one was read
        high, low = (random.getrandbits(32) for _ in range(2))
        dut.u_counters.count_q[index].value = high << 32 | low >> 1
        assert low >> 1 <= await bench.get(f"{name}.LO") < (low >> 1) + 9
        dut.u_counters.count_q[index].value = (high ^ WORD) << 32
        await bench.get(f"{COUNTERS[index - 1]}.LO")
        for slot, other in itertools.product((0, 1), ("CTRL", "ADAPTER", "TOP_K", "SEED")):
            await bench.get(f"SLOT.{other}", slot)
        await bench.hold(f"{name}.HI", high)
        await bench.get(f"{name}.LO")
        await bench.hold(f"{name}.HI", high ^ WORD)
    dut.u_counters.count_q[0].value = (1 << 32) - 3
    await ClockCycles(dut.clk_i, 10)
    assert await bench.get("CYCLES.LO") < 30
    await bench.hold("CYCLES.HI", 1)
    await bench.put("COUNTERS_CLEAR", 0)
    await bench.get("CYCLES.LO")
    await bench.hold("CYCLES.HI", 1)
    await bench.put("COUNTERS_CLEAR", 1)
    for name in COUNTERS:
        assert await bench.get(f"{name}.LO") < (200 if name == "CYCLES" else 1)
        await bench.hold(f"{name}.HI", 0)
    await bench.hold("COUNTERS_CLEAR", 0)


# ---- slots


@cocotb.test()
async def slot_life(dut):
    """Every command in every state, beside a slot that answers meanwhile: done or refused as the interface says."""
    bench = await Bench(dut).start()
    closed, opened, prefill, busy = State
    after = {
        Command.OPEN: {closed: opened, opened: "busy_slot", prefill: "busy_slot", busy: "busy_slot"},
        Command.CLOSE: {closed: "unknown_slot", opened: closed, prefill: closed, busy: "busy_slot"},
        Command.STOP: {closed: "unknown_slot", opened: opened, prefill: prefill, busy: busy},
    }
    last = bench.size["SLOTS"] - 1
    await bring(bench, 1, State.BUSY)
    for command, state, slot in [(c, s, slot) for c in after for s in State for slot in (0, last)]:
        await bring(bench, slot, state)
        then = after[command][state]
        refused = isinstance(then, str)
        await bench.command(slot, command, then if refused else "")
        await bench.hold_slot(slot, state if refused else then)
        await bench.hold_slot(1, State.BUSY)
        await bench.hold_flags()
        cover.command(command.name, state.name)
        await leave(bench, slot)
    await leave(bench, 1)


@cocotb.test()
async def slot_settings(dut):
    """Settings in every state: taken by an idle slot, the adapter by a closed one only; closing forgets them."""
    bench = await Bench(dut).start()
    await bench.put("ADAPTER_BANK", Bank.READY, 1)
    for state in State:
        for name, value in random_settings(bench, (2,)).items():
            await bring(bench, 0, state)
            may = state in (State.CLOSED, State.OPEN) and (name != "SLOT.ADAPTER" or state == State.CLOSED)
            await bench.put(name, value, 0, "" if may else "busy_slot")
            await bench.hold(name, value if may else DEFAULTS[name])
            if may and state == State.CLOSED:
                await bench.command(0, Command.OPEN)
                await bench.hold(name, value)
            await bench.hold_flags()
            cover.setting(name, state.name)
            await leave(bench, 0)
            await bench.hold(name, DEFAULTS[name])


@cocotb.test()
async def stop_tokens(dut):
    """Stop tokens are refused while any slot answers, whichever, and taken else."""
    bench = await Bench(dut).start()
    for slot in range(bench.size["SLOTS"]):
        for state in State:
            await bring(bench, slot, state)
            flag = "busy_slot" if state == State.BUSY else ""
            before = int(dut.stop_ids_o.value)
            await bench.put("STOP_TOKEN", 16 * slot + state, 3, flag)
            assert (int(dut.stop_ids_o.value) == before) == bool(flag)
            await bench.hold_flags()
            await leave(bench, slot)


@cocotb.test()
async def stop_waits(dut):
    """A STOP reaches the core only when it has the prompt's last token, once, for that slot alone, and never late."""
    bench = await Bench(dut, "none").start()
    core = bench.core
    for slot in range(bench.size["SLOTS"]):
        await bench.command(slot, Command.OPEN)
        core.tokens.paused = True
        core.held.add(slot)
        bench.say(slot, 5)
        await bench.until("the token waits for the core", lambda: int(dut.tok_valid_o.value))
        await bench.command(slot, Command.STOP)
        await ClockCycles(dut.clk_i, 20)
        assert not core.cuts, "cut before the core has the prompt"
        core.tokens.paused = False
        await ClockCycles(dut.clk_i, 20)
        assert core.cuts == [slot]
        core.held.discard(slot)
        (answer,) = await bench.hold_answer(slot)
        assert answer.end == LIMIT
        cover.cut("held back")
        await bench.command(slot, Command.STOP)
        await ClockCycles(dut.clk_i, 20)
        assert core.cuts == [slot], "a slot that does not answer is cut"
        cover.cut("nothing to cut")
        bench.say(slot, 5)
        await bench.hold_answer(slot)
        assert core.cuts == [slot], "the answer after one that was cut is cut"
        core.cuts.clear()
    await bench.hold_flags()


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def prompts(dut, stall):
    """Turns of one slot: the settings of the moment go along, positions and `first` are right, up to a full context."""
    bench, depth = await Bench(dut, stall).start(), int(dut.DEPTH.value)
    slot = bench.size["SLOTS"] - 1
    for _ in range(2):
        await bench.command(slot, Command.OPEN)
        at, first, end = 0, True, 0
        while end != CONTEXT:
            settings = random_settings(bench)
            for name in SETTINGS[1:]:
                await bench.put(name, settings[name], slot)
            prompt = [random.randrange(bench.size["VOCAB"]) for _ in range(random.randint(1, 4))]
            over = at + len(prompt) > depth
            bench.say(slot, *prompt)
            answer = await bench.hold_answer(slot)
            assert bench.core.given.pop(slot) == given(slot, prompt, settings, first)
            at = min(depth, at + len(prompt)) + len(answer) - 1
            end, first = answer[-1].end, False
            await bench.hold_slot(slot, State.OPEN, at)
            cover.prompt(len(prompt), over, end)
            bench.expected |= {"overlong"} if over else set()
        await bench.command(slot, Command.CLOSE)
    await bench.hold_flags()


@cocotb.test()
async def ends(dut):
    """Every way to end an answer, of prompts of one token and of several, sets the slot free at the right position."""
    bench, depth = await Bench(dut).start(), int(dut.DEPTH.value)
    for count, (end, stops, limit) in itertools.product((1, 3), ((STOP, 1, 9), (LIMIT, 0, 2), (CONTEXT, 0, 0xFFFF))):
        bench.core.stops = stops
        await bench.put("SLOT.MAX_NEW", limit, 0)
        await bench.command(0, Command.OPEN)
        bench.say(0, *range(count))
        answer = await bench.hold_answer(0)
        assert answer[-1].end == end
        assert len(answer) == {STOP: 1, LIMIT: 2, CONTEXT: depth - count + 1}[end]
        await bench.hold_slot(0, State.OPEN, count + len(answer) - 1)
        cover.prompt(count, False, end)
        await bench.command(0, Command.CLOSE)
    await bench.hold_flags()


@cocotb.test()
async def overlong(dut):
    """A prompt without room is refused by the core and flagged; one that fits to the last place is not."""
    bench, depth = await Bench(dut).start(), int(dut.DEPTH.value)
    await bench.command(0, Command.OPEN)
    bench.say(0, *[3] * depth)
    assert [answer.end for answer in await bench.hold_answer(0)][-1] in (CONTEXT, 1)
    await bench.hold_slot(0, State.OPEN, depth)
    await bench.hold_flags()
    for prompt in ([4], [4, 5]):
        bench.say(0, *prompt)
        assert await bench.hold_answer(0) == [Answer(0, depth, prompt[-1], CONTEXT)]
        await bench.hold_slot(0, State.OPEN, depth)
        bench.expected = {"overlong"}
        await bench.hold_flags()
        cover.prompt(len(prompt), True, CONTEXT)
    await bench.command(0, Command.CLOSE)
    await bench.command(0, Command.OPEN)
    bench.say(0, *range(depth + 2))
    assert [answer.end for answer in await bench.hold_answer(0)] == [CONTEXT]
    bench.expected = {"overlong"}
    await bench.hold_flags()


@cocotb.test()
async def unknown_slots(dut):
    """Tokens for slots that are closed or not there are dropped, prompts whole; the neighbour's arrive."""
    bench = await Bench(dut).start()
    slots = bench.size["SLOTS"]
    await bench.command(1, Command.OPEN)
    for slot in (0, *{min(255, slots), 255} - {slots - 1}):
        bench.say(1, 7, last=False)
        bench.say(slot, 8, WORD)
        bench.say(1, 10, last=False)
        await bench.said()
        assert [token.id for token in bench.core.given.pop(1)] == [7, 10]
        assert not bench.core.given
        bench.expected = {"unknown_slot"}
        await bench.hold_flags()
        await bench.hold_slot(1, State.PREFILL)
        cover.dropped("closed" if slot == 0 else "not there")
    for slot in range(slots):
        assert await bench.state(slot) == (State.PREFILL if slot == 1 else State.CLOSED)


@cocotb.test()
async def busy_slots(dut):
    """A prompt that begins while its slot answers is dropped to its end, though the answer end in the middle of it."""
    bench = await Bench(dut).start()
    for whole in (True, False):
        await bring(bench, 0, State.BUSY)
        bench.core.given.clear()
        bench.say(0, 20, WORD, last=whole)
        await bench.said()
        await bench.hold_slot(0, State.BUSY)
        bench.core.held.clear()
        await bench.command(0, Command.STOP)
        await bench.hold_answer(0)
        await bench.hold_slot(0, State.OPEN)
        if not whole:
            bench.say(0, 22, 23)
            await bench.said()
            await bench.hold_slot(0, State.OPEN)
        assert not bench.core.given
        bench.expected = {"busy_slot"}
        await bench.hold_flags()
        cover.dropped("busy" if whole else "busy, then open")
        bench.say(0, 24)
        await bench.hold_answer(0)
        assert [token.id for token in bench.core.given[0]] == [24]
        await bench.command(0, Command.CLOSE)
    await bring(bench, 0, State.BUSY)  # opening a slot begins anew
    bench.say(0, 30, last=False)
    await bench.said()
    await leave(bench, 0)
    bench.core.given.clear()
    await bench.command(0, Command.OPEN)
    bench.say(0, 31)
    await bench.hold_answer(0)
    assert [token.id for token in bench.core.given[0]] == [31]
    bench.expected = {"busy_slot"}
    await bench.hold_flags()


@cocotb.test()
async def bad_tokens(dut):
    """From its first bad token on a prompt is dropped, its end is an error; the slot goes on behind what was good."""
    bench = await Bench(dut).start()
    vocab = bench.size["VOCAB"]
    for slot, bad in enumerate((vocab, vocab + 1, 1 << 24, 1 << 31, WORD)):
        slot %= bench.size["SLOTS"]
        for place, count in ((0, 1), (0, 3), (1, 3), (2, 3)):
            await bench.command(slot, Command.OPEN)
            good = [random.randrange(vocab) for _ in range(count)]
            bench.say(slot, *good[:place], bad, *good[place + 1 :])
            await bench.said()
            last = (bad if place == count - 1 else good[-1]) & 0xFFFFFF
            assert await bench.answer(slot) == [Answer(slot, place, last, ERROR)]
            assert [token.id for token in bench.core.given.pop(slot, [])] == good[:place]
            await bench.hold_slot(slot, State.OPEN, place)
            bench.expected = {"bad_token"}
            await bench.hold_flags()
            cover.bad_token("only" if count == 1 else "first" if place == 0 else "last" if place == 2 else "middle")
            bench.say(slot, vocab - 1)
            await bench.hold_answer(slot)
            (token,) = bench.core.given.pop(slot)
            assert token.first == (place == 0) and token.id == vocab - 1
            await bench.command(slot, Command.CLOSE)
    await bench.hold_flags()


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def refusals_wait(dut, stall):
    """Error answers wait for the core's and for register writes: none is lost, none comes twice, nobody else waits."""
    bench = await Bench(dut, stall).start()
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
        assert await bench.answer(1) == [Answer(1, 0, 0xFFFFFF, ERROR)]
    assert await writing == [OKAY] * 60
    await bench.said()
    await ClockCycles(dut.clk_i, 100)
    assert not any(bench.answers.values())
    bench.expected = {"bad_token"}
    await bench.hold_flags()


@cocotb.test()
async def idle(dut):
    """STATUS is idle when the core is, and no token and no answer waits."""
    bench = await Bench(dut, "none").start()
    await bench.hold("STATUS", 1)
    dut.idle_i.value = 0
    await bench.hold("STATUS", 0)
    dut.idle_i.value = 1
    bench.core.tokens.paused = True
    await bench.command(0, Command.OPEN)
    bench.say(0, 1, last=False)
    await ClockCycles(dut.clk_i, 10)
    await bench.hold("STATUS", 0)
    bench.core.tokens.paused = False
    await ClockCycles(dut.clk_i, 5)
    await bench.hold("STATUS", 1)
    bench.out.paused = True
    bench.say(0, 1)
    await bench.until("an answer waits", lambda: int(dut.m_tok_tvalid_o.value))
    await bench.hold("STATUS", 0)
    bench.out.paused = False
    await bench.hold_answer(0)
    await bench.hold("STATUS", 1)


@cocotb.test()
async def every_slot(dut):
    """All slots at once, in an order of their own: settings, commands, tokens and answers of one are no other's."""
    bench = await Bench(dut, "none").start()
    core, size = bench.core, bench.size
    banks, slots = range(size["ADAPTERS"]), random.sample(range(size["SLOTS"]), size["SLOTS"])
    await bench.puts(*(("ADAPTER_BANK", Bank.READY, bank, "") for bank in banks))
    settings = {slot: DEFAULTS | {"SLOT.ADAPTER": 1 + i % size["ADAPTERS"]} for i, slot in enumerate(slots)}
    for slot in slots:
        legal = random_settings(bench)
        settings[slot] |= {name: legal[name] for name in random.sample(SETTINGS[1:], 2)}
    changed = [(n, v, slot, "") for slot in slots for n, v in settings[slot].items() if v != DEFAULTS[n]]
    await bench.puts(*random.sample(changed, len(changed)))
    await bench.puts(*(("SLOT.CTRL", Command.OPEN, slot, "") for slot in slots))
    await bench.puts(*(("ADAPTER_BANK", Bank.EMPTY, bank, "busy_slot") for bank in banks))
    core.held |= set(slots)
    tokens = {slot: random.randrange(size["VOCAB"]) for slot in slots}
    *others, last = slots
    for slot in others:
        bench.say(slot, tokens[slot])
        bench.say(slot, 1, 2)  # dropped: it is BUSY
        if slot == slots[0]:
            await bench.until("it alone is BUSY", lambda: core.given)
            await bench.puts(("STOP_TOKEN", 0, 0, "busy_slot"))
    await bench.until("the tokens are taken", lambda: len(core.given) == len(others))
    core.tokens.paused = True
    bench.say(last, tokens[last])
    await bench.until(
        "the last one's waits for the core", lambda: not bench.tokens.beats and int(dut.tok_valid_o.value)
    )
    stops = [("SLOT.CTRL", Command.STOP, slot, "") for slot in slots]
    await bench.puts(*stops)
    await bench.until("all others are cut", lambda: core.cuts == others)
    core.tokens.paused = False
    await bench.until("the last one is cut", lambda: core.cuts == slots)
    core.cuts.clear()
    await bench.puts(*stops)
    await bench.until("all are cut", lambda: core.cuts == slots)
    assert core.given == {slot: given(slot, [tokens[slot]], settings[slot], True) for slot in slots}
    core.held = {last}
    for slot in slots:
        if slot == last:
            await bench.puts(("STOP_TOKEN", 0, 0, "busy_slot"))  # now this one alone is
            core.held.clear()
        assert [answer.end for answer in await bench.hold_answer(slot)] == [LIMIT]
    await bench.puts(("STOP_TOKEN", 0, 0, ""), *(("SLOT.CTRL", Command.CLOSE, slot, "") for slot in others))
    mine = settings[last]["SLOT.ADAPTER"] - 1
    await bench.puts(*(("ADAPTER_BANK", Bank.EMPTY, bank, "busy_slot" if bank == mine else "") for bank in banks))
    bench.expected = {"busy_slot"}
    await bench.hold_flags()


@cocotb.test()
async def far_positions(dut):
    """At any position of the context, however long: refusals and answers name it; its end is where the die has it."""
    bench = await Bench(dut, "none").start()
    depth = bench.size["DEPTH"]
    for slot in (0, bench.size["SLOTS"] - 1):
        await bench.command(slot, Command.OPEN)
        bench.say(slot, 1, last=False)
        await bench.said()
        for at in (0x5555 % (depth - 2), 0xAAAA % (depth - 2), depth - 2):
            dut.u_slots.pos_q[slot].value = bench.core.positions[slot] = at
            bench.say(slot, WORD)
            assert await bench.answer(slot) == [Answer(slot, at, 0xFFFFFF, ERROR)]
            bench.expected = {"bad_token"}
            await bench.hold_flags()
            await bench.put("SLOT.MAX_NEW", 1, slot)
            bench.say(slot, 2)
            await bench.hold_answer(slot)
            await bench.hold_slot(slot, State.OPEN, at + 1)
        bench.say(slot, 3, 4)
        assert [answer.end for answer in await bench.hold_answer(slot)] == [CONTEXT]
        await bench.hold_slot(slot, State.OPEN, depth)
        bench.say(slot, WORD)
        assert await bench.answer(slot) == [Answer(slot, depth, 0xFFFFFF, ERROR)]
        bench.expected = {"overlong", "bad_token"}
        await bench.hold_flags()


# ---- adapters


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def frames(dut, stall):
    """Words of every array reach their place whole and in order; wrong frames among them write nothing out of place."""
    bench = await Bench(dut, stall).start()
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
    bench = await Bench(dut, "none").start()
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
    bench = await Bench(dut).start()
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
                bench.core.held.add(slot)
                bench.say(slot, 1, last=state == "BUSY")
                await bench.said()
            await bench.put("ADAPTER_BANK", Bank.EMPTY, bank, "busy_slot")
            await bench.hold("ADAPTER_BANK", Bank.READY, bank)
            await bench.hold_flags()
            cover.bank(state)
        assert {token.adapter for token in bench.core.given.pop(slot)} == {bank + 1}
        await leave(bench, slot)
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
    bench = await Bench(dut, "none").start()
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


# ---- all together


class User:
    """One slot's user: opens, talks, stops, closes at random, and holds what the core and he get to what he said."""

    def __init__(self, bench: Bench, slot: int) -> None:
        self.bench, self.slot = bench, slot

    async def _pause(self) -> None:
        await ClockCycles(self.bench.dut.clk_i, random.randint(1, 30))

    async def _say(self, tokens: list[int], last: bool = True) -> None:
        for i, token in enumerate(tokens):
            self.bench.say(self.slot, token, last=last and i == len(tokens) - 1)
            if random.random() < 0.3:
                await self._pause()

    async def talk(self, conversations: int) -> None:
        bench, slot = self.bench, self.slot
        for _ in range(conversations):
            settings = random_settings(bench, (0, 1))
            for name in random.sample(SETTINGS, len(SETTINGS)):
                await bench.put(name, settings[name], slot)
            await bench.command(slot, Command.OPEN)
            at, first = 0, True
            for _ in range(random.randint(1, 3)):
                at, first = await self._turn(settings, at, first)
            if random.random() < 0.3:
                bench.expected |= {"overlong"} if at + 2 > bench.size["DEPTH"] else set()
                await self._say([1, 2], last=False)
                await bench.said()
            await bench.command(slot, Command.CLOSE)
            bench.core.given.pop(slot, None)
            for name in SETTINGS:
                await bench.hold(name, DEFAULTS[name], slot)

    async def _turn(self, settings: dict[str, int], at: int, first: bool) -> tuple[int, bool]:
        """One prompt and its answer; gives the position behind it, and whether nothing was said yet."""
        bench, slot, depth = self.bench, self.slot, self.bench.size["DEPTH"]
        prompt = [random.randrange(bench.size["VOCAB"]) for _ in range(random.randint(1, 5))]
        bad = random.randrange(len(prompt)) if random.random() < 0.2 else len(prompt)
        good = prompt[:bad]
        if bad < len(prompt):
            prompt[bad] = random.randrange(bench.size["VOCAB"], 1 << 32)
        await self._say(prompt)
        behind = min(depth, at + len(good))
        bench.expected |= {"overlong"} if at + len(good) > depth else set()
        if bad < len(prompt):
            bench.expected |= {"bad_token"}
            assert await bench.answer(slot) == [Answer(slot, behind, prompt[-1] & 0xFFFFFF, ERROR)]
            await bench.said()
            answer = []
        else:
            if random.random() < 0.3:
                await bench.said()
                await bench.command(slot, Command.STOP)
            answer = await bench.hold_answer(slot)
        got = bench.core.given.pop(slot, [])
        assert got == given(slot, good, settings, first, last=bool(answer)), f"slot {slot}: the core got {got}"
        behind += max(0, len(answer) - 1)
        await bench.hold_slot(slot, State.OPEN, behind)
        return behind, first and not good


async def vandal(bench: Bench, enough: Event) -> None:
    """Does whatever is illegal at any time."""
    size = bench.size
    while not enough.is_set():
        kind = random.randrange(6)
        if kind == 0:
            await bench.write(random.randrange(1, 1 << 16, 2), random.getrandbits(32), "illegal_address")
        elif kind == 1:
            assert (await bench.axi.read(0x1000 + 0x20 * size["SLOTS"]))[1] == SLVERR
            bench.expected |= {"illegal_address"}
        elif kind == 2:
            await bench.put("SLOT.STATUS", WORD, random.randrange(size["SLOTS"]), "read_only")
        elif kind == 3:
            name, slot = random.choice(SETTINGS), random.randrange(size["SLOTS"])
            await bench.put(name, random.getrandbits(32), slot, "partial_write", random.randrange(1, 15))
        elif kind == 4:
            bench.say(random.randrange(size["SLOTS"], 256), *range(random.randint(1, 3)))
            bench.expected |= {"unknown_slot"}
        else:
            bench.frame(bench.header(0, 0, 0, 0))  # the bank is READY
            bench.expected |= {"bad_adapter_frame"}
        await ClockCycles(bench.dut.clk_i, random.randint(1, 60))


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def traffic(dut, stall):
    """Users in every slot, adapters loaded beside them, and somebody who does everything that he must not."""
    bench = await Bench(dut, stall).start()
    await bench.put("ADAPTER_BANK", Bank.READY)
    enough = Event()
    noise = cocotb.start_soon(vandal(bench, enough))
    users = [cocotb.start_soon(User(bench, slot).talk(4)) for slot in range(bench.size["SLOTS"])]
    wanted = []
    for _ in range(20):
        _, array, layer, word = bench.random_place()
        wanted += bench.frame(bench.header(1, array, layer, word))
    for user in users:
        await user
    enough.set()
    await noise
    await bench.said()
    await bench.framed()
    assert bench.loaded == wanted
    assert not any(bench.answers.values()) and not any(bench.core.answers.values())
    await bench.hold_flags()
    cover.traffic(stall)


@cocotb.test()
async def resets(dut):
    """A reset at any moment, in the middle of everything: the port begins anew, and nothing of the past comes out."""
    bench = await Bench(dut).start()
    for _ in range(8):
        await bench.put("ADAPTER_BANK", Bank.READY)
        running = [cocotb.start_soon(vandal(bench, Event()))]
        running += [cocotb.start_soon(User(bench, slot).talk(9)) for slot in range(bench.size["SLOTS"])]
        bench.frame(bench.header(1, 0, 0, 0), 1000)
        await ClockCycles(dut.clk_i, random.randint(20, 300))
        for task in running:
            task.cancel()
        bench.stop()
        dut.rst_i.value = 1
        await ClockCycles(dut.clk_i, 2)
        for valid in ("s_axil_bvalid", "s_axil_rvalid", "m_tok_tvalid", "tok_valid", "lora_we"):
            assert not int(getattr(dut, f"{valid}_o").value), f"{valid} after reset"
        bench = Bench(dut)
        dut.rst_i.value = 0
        for name, index in bench.registers.all():
            if not name.startswith("CYCLES"):
                await bench.hold(name, bench.registers.reset(name), index)
        await bench.hold_flags()
        await ClockCycles(dut.clk_i, 20)
        assert not any(bench.answers.values()) and not bench.core.given and not bench.loaded
        wanted = bench.frame(bench.header(1, 0, 0, 0))
        await bench.framed()
        assert bench.loaded == wanted
        cover.traffic("reset")
