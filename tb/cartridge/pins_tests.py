# SPDX-License-Identifier: Apache-2.0
"""A whole die at its pins, without the bench's FIFOs: what the conversations of the other tests never look at.

They read no response but OKAY, no tlast and no busy layer, and a die of their own making. GEOMETRY has what this die
must say of itself, WORDS of each array the words of an adapter's bank, BEATS of each width the beats of a vector.
"""

import json
import os

import cocotb
from cocotb.triggers import ClockCycles, RisingEdge, with_timeout

from models.die.shape import LANES
from tb.cartridge import gates
from tb.cartridge.host import Host, Refused
from tb.chip.adapter_file import ARRAYS
from tb.host_port.registers import Bank, Command, Registers, flags
from tb.rig.bundles import TOKEN_W
from tb.rig.stream import StreamSink, StreamSource, reset

ERROR = 4  # why a prompt is refused; docs/host.md
FLOWING = ("CYCLES", "LAYERS_BUSY")  # counters that need no host to count
PATIENCE = 3000  # clocks


class Pins:
    """Host of the die; ``held`` holds in every clock what the pins alone can tell."""

    def __init__(self, dut) -> None:
        self.dut, self.geometry = dut, json.loads(os.environ["GEOMETRY"])
        self.registers = Registers(self.geometry)
        self.host = Host(dut, self.registers)
        self.tokens = StreamSource(dut, ("data", "dest", "last"), prefix="s_tok_t")
        self.answers = StreamSink(dut, ("data", "id", "user", "last"), prefix="m_tok_t")
        self.lora = StreamSource(dut, ("data", "last"), prefix="s_lora_t")
        self.owed = 0  # prompts whose last token the die has, and whose answer has not ended
        self.busy = [0] * self.geometry["LAYERS"]  # clocks in which a layer was

    async def start(self) -> "Pins":
        await reset(self.dut, 6)
        await ClockCycles(self.dut.clk_i, 3)
        cocotb.start_soon(self._watch())
        return self

    async def _watch(self) -> None:
        dut = self.dut
        while True:
            await RisingEdge(dut.clk_i)
            idle, busy = int(dut.idle_o.value), int(dut.layer_busy_o.value)
            assert not (idle and self.owed), "idle, with an answer to come"
            assert not (idle and busy), "idle, with a layer at work"
            self.busy = [clocks + (busy >> layer & 1) for layer, clocks in enumerate(self.busy)]
            if int(dut.s_tok_tvalid_i.value) and int(dut.s_tok_tready_o.value):
                self.owed += int(dut.s_tok_tlast_i.value)
            if int(dut.m_tok_tvalid_o.value) and int(dut.m_tok_tready_i.value):
                self.owed -= int(dut.m_tok_tlast_o.value)

    async def rest(self) -> None:
        """Wait until the die is idle, at the pin as in its register. AssertionError if it never is."""
        for _ in range(PATIENCE):
            await RisingEdge(self.dut.clk_i)
            if int(self.dut.idle_o.value):
                break
        assert int(self.dut.idle_o.value), "the die never is idle"
        assert await self.host.read("STATUS") == 1

    def load(self, bank: int, array: int, layer: int, word: int) -> None:
        """Send a word of an adapter: a frame of chunks that are numbered."""
        header, chunks = bank << 28 | array << 24 | layer << 16 | word, self.geometry["RANK"] * LANES // 4
        self.lora.send((header, 0), *((chunk, int(chunk == chunks)) for chunk in range(1, chunks + 1)))

    async def hold_flags(self, *expected: str) -> None:
        """These flags are raised, and no others; they are cleared."""
        got = flags(await self.host.read("ERRORS"))
        assert got == set(expected), f"flags {sorted(got)} for {sorted(expected)}"
        await self.host.write("ERRORS", 0xFFFFFFFF)

    async def refused(self, access) -> None:
        """An access is answered with an error."""
        try:
            await access
        except Refused:
            return
        raise AssertionError("an access that must be refused was taken")


@cocotb.test()
async def registers(dut):
    """Every register has its value after reset, those of the geometry this die's."""
    pins = await Pins(dut).start()
    for name, index in pins.registers.all():
        if not name.startswith(FLOWING):
            got, wanted = await pins.host.read(name, index), pins.registers.reset(name)
            assert got == wanted, f"{name}[{index}] is {got:#x}, not {wanted:#x}"
    await pins.hold_flags()


@cocotb.test()
async def refusals(dut):
    """A write and a read that are refused, each beside one of the other kind that is not; half a write."""
    pins = await Pins(dut).start()
    host, slots = pins.host, pins.geometry["SLOTS"]
    await pins.refused(host.write("ID", 5))
    await host.read("ID")
    await pins.hold_flags("read_only")
    await pins.refused(host.read("SLOT.SEED", slots))
    await host.write("SLOT.SEED", 0x12345678, slots - 1)
    await pins.hold_flags("illegal_address")
    await pins.refused(host.write("SLOT.SEED", 0, slots - 1, strobes=0b0111))
    assert await host.read("SLOT.SEED", slots - 1) == 0x12345678
    await pins.hold_flags("partial_write")


@cocotb.test()
async def answers(dut):
    """A prompt is answered in its slot, its end marked, though the host waits; one of no vocabulary is refused.

    The die is idle before and after, never between, and its counter has the clocks in which its layers were busy.
    """
    pins = await Pins(dut).start()
    slot, vocab = pins.geometry["SLOTS"] - 1, pins.geometry["VOCAB"]
    await pins.rest()
    await pins.host.write("COUNTERS_CLEAR", 1)
    pins.busy = [0] * len(pins.busy)
    await pins.host.write("SLOT.MAX_NEW", 2, slot)
    await pins.host.write("SLOT.CTRL", Command.OPEN, slot)
    pins.answers.paused = True
    pins.tokens.send((5, slot, 0), (vocab - 1, slot, 1))
    await with_timeout(RisingEdge(dut.m_tok_tvalid_o), 100, "us")
    await ClockCycles(dut.clk_i, 50)
    assert int(dut.m_tok_tvalid_o.value) and not int(dut.idle_o.value)
    assert await pins.host.read("STATUS") == 0
    pins.answers.paused = False
    got = await pins.answers.receive(2)
    assert [beat[1:] for beat in got] == [(slot, 2, 0), (slot, 3, 1)], got
    assert [beat[0] >> TOKEN_W for beat in got] == [0, 2], got
    await pins.rest()
    assert all(pins.busy) and sum(pins.busy) == await pins.host.counter("LAYERS_BUSY"), pins.busy
    assert await pins.host.counter("CORRECTED") == await pins.host.counter("FAILED") == 0
    for token in (vocab, 1 << TOKEN_W | 5, 1 << 31):
        pins.tokens.send((token, slot, 1))
        (beat,) = await pins.answers.receive(1)
        assert beat == (ERROR << TOKEN_W | token % (1 << TOKEN_W), slot, 3, 1), beat
        await pins.rest()
    await pins.hold_flags("bad_token")


@cocotb.test()
async def adapters(dut):
    """The last word of every array's bank is there, and none behind it; so are the last bank and the last layer."""
    pins = await Pins(dut).start()
    size, words = pins.geometry, json.loads(os.environ["WORDS"])
    bank, layer, loaded = size["ADAPTERS"] - 1, size["LAYERS"] - 1, 0

    async def frame(bank: int, array: int, layer: int, word: int, *expected: str) -> None:
        pins.load(bank, array, layer, word)
        while pins.lora.beats:
            await RisingEdge(dut.clk_i)
        await ClockCycles(dut.clk_i, 3)
        await pins.hold_flags(*expected)

    for array, count in enumerate(words):
        await frame(bank, array, layer, count - 1)
        loaded += 1
        await frame(bank, array, layer, count, "bad_adapter_frame")
    await frame(bank + 1, 0, layer, 0, "bad_adapter_frame")
    await frame(bank, 0, layer + 1, 0, "bad_adapter_frame")
    await pins.host.write("ADAPTER_BANK", Bank.READY, bank)
    await frame(bank, 0, 0, 0, "bad_adapter_frame")
    await frame(bank - 1, 0, 0, 0)
    assert await pins.host.counter("ADAPTER_WORDS") == loaded + 1


@cocotb.test()
async def clocks(dut):
    """No gated clock runs for nothing, while users talk and adapters are written, and none at all when all is done."""
    pins = await Pins(dut).start()
    layers, beats = pins.geometry["LAYERS"], json.loads(os.environ["BEATS"])
    await ClockCycles(dut.clk_i, 20)  # the reset has come to every layer
    every = gates.gates_of(dut.u_chip, layers, beats)
    cocotb.start_soon(gates.watch(dut, every))
    for slot in range(2):
        await pins.host.write("SLOT.MAX_NEW", 2, slot)
        await pins.host.write("SLOT.CTRL", Command.OPEN, slot)
        pins.tokens.send((5 + slot, slot, 0), (7, slot, 1))
    for array in range(len(ARRAYS)):
        pins.load(1, array, 0, 0)
    await pins.answers.receive(4)
    await pins.rest()
    ran = {gate.name: gate.ran for gate in every}
    assert all(ran.values()), f"clocks that never ran: {[name for name, clocks in ran.items() if not clocks]}"
    await ClockCycles(dut.clk_i, 50)
    assert ran == {gate.name: gate.ran for gate in every}


@cocotb.test()
async def after_reset(dut):
    """A die to which nobody speaks is idle, takes what may come, and offers nothing."""
    await Pins(dut).start()
    streams = ("s_axil_aw", "s_axil_w", "s_axil_ar", "s_tok_t", "s_lora_t")
    for _ in range(20):
        await RisingEdge(dut.clk_i)
        assert int(dut.idle_o.value) and not int(dut.layer_busy_o.value)
        assert all(int(getattr(dut, f"{stream}ready_o").value) for stream in streams)
        assert not any(int(getattr(dut, f"{stream}valid_o").value) for stream in ("s_axil_b", "s_axil_r", "m_tok_t"))
