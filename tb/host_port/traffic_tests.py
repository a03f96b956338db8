# SPDX-License-Identifier: Apache-2.0
"""Everything at once at the host port: users, adapters, nonsense, and resets in the middle of it."""

import random

import cocotb
from cocotb.triggers import ClockCycles, Event

from tb.evidence.coverage.points import host_port as cover
from tb.host_port.axi_lite import ALL, OKAY, SLVERR
from tb.host_port.bench import DEFAULTS, WORD, PortBench
from tb.host_port.chip import ERROR, AnswerToken, prompt_tokens
from tb.host_port.registers import SETTINGS, Bank, Command, State
from tb.rig.stream import STALLS

HELD = {"addresses": 2, "data": 2, "reads": 1, "tokens": 3, "answers": 2}  # docs/host.md, flow control


class User:
    """One slot's user: opens, talks, stops, closes at random, and holds what the chip and he get to what he said."""

    def __init__(self, bench: PortBench, slot: int) -> None:
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
            settings = bench.random_settings((0, 1))
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
            bench.chip.given.pop(slot, None)
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
            assert await bench.answer(slot) == [AnswerToken(slot, behind, prompt[-1] & 0xFFFFFF, ERROR)]
            await bench.said()
            answer = []
        else:
            if random.random() < 0.3:
                await bench.said()
                await bench.command(slot, Command.STOP)
            answer = await bench.hold_answer(slot)
        got = bench.chip.given.pop(slot, [])
        assert got == prompt_tokens(slot, good, settings, first, last=bool(answer)), f"slot {slot}: the chip got {got}"
        behind += max(0, len(answer) - 1)
        await bench.hold_slot(slot, State.OPEN, behind)
        return behind, first and not good


async def vandal(bench: PortBench, enough: Event) -> None:
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
    bench = await PortBench(dut, stall).start()
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
    assert not any(bench.answers.values()) and not any(bench.chip.answers.values())
    await bench.hold_flags()
    cover.traffic(stall)


@cocotb.test()
async def resets(dut):
    """A reset at any moment, in the middle of everything: the port begins anew, and nothing of the past comes out."""
    bench = await PortBench(dut).start()
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
        for valid in ("s_axil_bvalid", "s_axil_rvalid", "m_tok_tvalid", "tok_valid", "write_valid"):
            assert not int(getattr(dut, f"{valid}_o").value), f"{valid} after reset"
        bench = PortBench(dut)
        dut.rst_i.value = 0
        for name, index in bench.registers.all():
            if not name.startswith("CYCLES"):
                await bench.hold(name, bench.registers.reset(name), index)
        await bench.hold_flags()
        await ClockCycles(dut.clk_i, 20)
        assert not any(bench.answers.values()) and not bench.chip.given and not bench.loaded
        wanted = bench.frame(bench.header(1, 0, 0, 0))
        await bench.framed()
        assert bench.loaded == wanted
        cover.traffic("reset")


@cocotb.test()
async def capacity(dut):
    """What the port takes while nobody takes what it has, and then gives: as docs/host.md says, to the beat."""
    bench = await PortBench(dut, "none").start()
    chip, axi = bench.chip, bench.axi
    await bench.puts(*(("SLOT.CTRL", Command.OPEN, slot, "") for slot in (0, 1)), ("SLOT.MAX_NEW", 6, 1, ""))
    chip.held, chip.stops = {0, 1}, 0.0
    bench.say(1, 5)
    await bench.until("the chip has the prompt", lambda: 1 in chip.left)
    sources = {"addresses": axi.aw, "data": axi.w, "reads": axi.ar, "tokens": bench.tokens, "answers": chip.out}
    before = {name: source.accepted for name, source in sources.items()}
    for sink in (axi.b, axi.r, chip.tokens, bench.out):
        sink.paused = True
    seed = bench.registers.address("SLOT.SEED", 2)
    axi.aw.send(*[(seed,)] * 6)
    axi.w.send(*[(value, ALL) for value in range(6)])
    axi.ar.send(*[(seed,)] * 6)
    bench.say(0, *range(6))
    chip.held.clear()
    await ClockCycles(dut.clk_i, 100)
    taken = {name: source.accepted - before[name] for name, source in sources.items()}
    assert taken == HELD, f"taken with all exits closed: {taken}"
    for sink in (axi.b, axi.r, chip.tokens, bench.out):
        sink.paused = False
    assert await axi.b.receive(6) == [(OKAY,)] * 6
    assert [resp for _, resp in await axi.r.receive(6)] == [OKAY] * 6
    await bench.hold("SLOT.SEED", 5, 2)
    await bench.hold_answer(1)
    assert [token.token for token in chip.given[0]] == [*range(6)]
