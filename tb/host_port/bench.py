# SPDX-License-Identifier: Apache-2.0
"""What is around the host port: a host that knows what must go wrong, and the chip."""

import random
from collections import defaultdict, deque
from collections.abc import Callable

import cocotb
from cocotb.triggers import RisingEdge

from models.die.shape import LANES
from tb.evidence.coverage.ends import WatchedSink, WatchedSource
from tb.host_port.axi_lite import ALL, OKAY, SLVERR, AxiLite
from tb.host_port.chip import NONE, AnswerToken, ChipStandIn
from tb.host_port.registers import SETTINGS, Command, Registers, State, flags, position
from tb.rig.stream import reset

PATIENCE = 4000  # clocks that anything may take
GEOMETRY = ("LAYERS", "VOCAB", "SLOTS", "DEPTH", "ADAPTERS", "RANK", "TOP_K", "D_MODEL")
ARRAYS = ("QKV", "O", "GATEUP", "DOWN")
WORD = 0xFFFFFFFF
DEFAULTS = dict.fromkeys(SETTINGS, 0) | {"SLOT.MAX_NEW": 0xFFFF, "SLOT.TOP_K": 1, "SLOT.BETA": 94548}


class PortBench:
    """Host and chip around the port. Flags that are raised must be expected, and be the only ones.

    ``stall`` is how the ends of all streams hesitate; ``chip`` and ``answers`` tell what the chip and the host got.
    """

    def __init__(self, dut, stall: str = "some") -> None:
        self.dut = dut
        self.size = {name: int(getattr(dut, name).value) for name in GEOMETRY} | {"LANES": LANES}
        self.words = [int(getattr(dut, f"WORDS_{array}").value) for array in ARRAYS]
        self.chunks = self.size["RANK"] * LANES // 4
        self.registers = Registers(self.size)
        self.expected: set[str] = set()  # flags
        self.loaded: list[tuple[int, ...]] = []  # bank, array, layer, word, chunk, data
        self.answers: dict[int, deque[AnswerToken]] = defaultdict(deque)
        self.axi = AxiLite(dut, stall)
        self.tokens = WatchedSource(dut, ("data", "dest", "last"), prefix="s_tok_t", stall=stall)
        self.lora = WatchedSource(dut, ("data", "last"), prefix="s_lora_t", stall=stall)
        self.chip = ChipStandIn(dut, stall)
        self.out = WatchedSink(dut, ("data", "id", "user", "last"), prefix="m_tok_t", stall=stall)
        self._watch = cocotb.start_soon(self._run())
        self._sent = 0
        dut.idle_i.value = 1
        for signal in (dut.layer_busy_i, dut.corrected_i, dut.failed_i, dut.parted_i, dut.signature_i):
            signal.value = 0

    async def start(self) -> "PortBench":
        """Reset."""
        await reset(self.dut)
        return self

    def stop(self) -> None:
        """Let go of the port, its inputs at rest."""
        for end in (self.axi, self.tokens, self.lora, self.chip, self.out):
            end.stop()
        self._watch.cancel()
        for signal in ("s_axil_aw", "s_axil_w", "s_axil_ar", "s_tok_t", "s_lora_t", "out_"):
            getattr(self.dut, f"{signal}valid_i").value = 0

    async def _run(self) -> None:
        dut = self.dut
        while True:
            await RisingEdge(dut.clk_i)
            if int(dut.rst_i.value):
                continue
            while self.out.beats:
                data, slot, pos, last = self.out.beats.popleft()
                answer = AnswerToken(slot, pos, data & 0xFFFFFF, data >> 24)
                assert last == (answer.reason != NONE), f"tlast is {last} with {answer}"
                self.answers[slot].append(answer)
            if int(dut.write_valid_o.value):
                names = ("bank", "array", "layer", "word", "chunk", "data")
                self.loaded.append(tuple(int(getattr(dut, f"write_{name}_o").value) for name in names))

    async def until(self, what: str, holds: Callable[[], bool]) -> None:
        """Wait for it. AssertionError after so many clocks: the port hangs."""
        for _ in range(PATIENCE):
            if holds():
                return
            await RisingEdge(self.dut.clk_i)
        raise AssertionError(f"{PATIENCE} clocks, and not yet: {what}")

    # ---- registers
    async def put(self, name: str, value: int, index: int = 0, flag: str = "", strobes: int = ALL) -> None:
        """Write a register; refused if a ``flag`` is named, which is then expected."""
        await self.write(self.registers.address(name, index), value, flag, strobes, f"{name}[{index}]")

    async def write(self, address: int, value: int, flag: str, strobes: int = ALL, name: str = "") -> None:
        """Write to an address; the response must be that of ``flag``."""
        self.expected |= {flag} - {""}
        got = await self.axi.write(address, value, strobes)
        assert got == (SLVERR if flag else OKAY), f"write of {value:#x} to {address:#06x} {name}: response {got}"

    async def puts(self, *writes: tuple[str, int, int, str]) -> None:
        """Write registers in one go: name, value, index, and the flag of its refusal, '' if it is taken."""
        self.expected |= {flag for *_, flag in writes} - {""}
        beats = [(self.registers.address(name, index), value, ALL) for name, value, index, _ in writes]
        got = await self.axi.writes(*beats)
        for write, resp in zip(writes, got, strict=True):
            assert resp == (SLVERR if write[3] else OKAY), f"write {write}: response {resp}"

    async def get(self, name: str, index: int = 0) -> int:
        """What is in a register."""
        data, resp = await self.axi.read(self.registers.address(name, index))
        assert resp == OKAY, f"read of {name}[{index}]: response {resp}"
        return data

    async def hold(self, name: str, value: int, index: int = 0) -> None:
        """A register has this value."""
        got = await self.get(name, index)
        assert got == value, f"{name}[{index}] is {got:#x}, not {value:#x}"

    async def hold_idle(self, idle: int) -> None:
        """STATUS and the pin say whether the die is idle."""
        await self.hold("STATUS", idle)
        assert int(self.dut.idle_o.value) == idle, f"idle_o is not {idle}"

    async def hold_flags(self) -> None:
        """The flags that are raised are those that are expected; they are cleared."""
        got = flags(await self.get("ERRORS"))
        assert got == self.expected, f"flags {sorted(got)} for {sorted(self.expected)}"
        await self.put("ERRORS", 0xFFFFFFFF)
        await self.hold("ERRORS", 0)
        self.expected = set()

    # ---- slots
    async def command(self, slot: int, command: Command, flag: str = "") -> None:
        """Give a slot a command."""
        await self.put("SLOT.CTRL", command, slot, flag)

    async def state(self, slot: int) -> State:
        """Where in its life a slot is."""
        return position(await self.get("SLOT.STATUS", slot))[0]

    async def hold_slot(self, slot: int, state: State, at: int | None = None) -> None:
        """A slot is in this state, at this position."""
        got = position(await self.get("SLOT.STATUS", slot))
        assert got[0] == state and at in (None, got[1]), f"slot {slot} is {got}, not {(state, at)}"

    async def bring(self, slot: int, state: State) -> None:
        """A closed slot to a state, with default settings; BUSY: its answer is held."""
        if state != State.CLOSED:
            await self.command(slot, Command.OPEN)
        if state == State.PREFILL:
            self.say(slot, 1, last=False)
        if state == State.BUSY:
            self.chip.held.add(slot)
            self.say(slot, 1, 2)
        await self.said()
        await self.hold_slot(slot, state)

    async def leave(self, slot: int) -> None:
        """A slot in any state to CLOSED."""
        state = await self.state(slot)
        self.chip.held.discard(slot)
        if state == State.BUSY:
            await self.command(slot, Command.STOP)
            await self.hold_answer(slot)
        if state != State.CLOSED:
            await self.command(slot, Command.CLOSE)
        await self.hold_slot(slot, State.CLOSED, 0)

    def random_settings(self, adapters: tuple[int, ...] = (0,)) -> dict[str, int]:
        """Legal values of a slot's registers."""
        return {
            "SLOT.ADAPTER": random.choice(adapters),
            "SLOT.MAX_NEW": random.choice((1, random.randint(2, 9), 0xFFFF)),
            "SLOT.TOP_K": random.randint(0, self.size["TOP_K"]),
            "SLOT.BETA": random.choice((1, random.getrandbits(23) + 1, 0xFFFFFF)),
            "SLOT.SEED": random.getrandbits(32),
        }

    def say(self, slot: int, *tokens: int, last: bool = True) -> None:
        """Send a prompt, or a part of one that is not the ``last``."""
        self.tokens.send(*((token, slot, int(last and i == len(tokens) - 1)) for i, token in enumerate(tokens)))
        self._sent += len(tokens)

    async def said(self) -> None:
        """What was sent has been taken, and nothing waits in the port."""
        await self.until("the tokens are taken", lambda: self.tokens.accepted == self._sent)
        for _ in range(PATIENCE):
            if await self.get("STATUS"):
                return
        raise AssertionError("the port never is idle")

    async def answer(self, slot: int) -> list[AnswerToken]:
        """An answer to its end."""
        got = self.answers[slot]
        await self.until(f"slot {slot} has its answer", lambda: any(answer.reason for answer in got))
        answer = [got.popleft()]
        while not answer[-1].reason:
            answer.append(got.popleft())
        return answer

    async def hold_answer(self, slot: int) -> list[AnswerToken]:
        """The host gets an answer as the chip gives it."""
        answer = await self.answer(slot)
        given = [self.chip.answers[slot].popleft() for _ in answer]
        assert answer == given, f"slot {slot}: answers {answer} for {given}"
        return answer

    # ---- adapters
    def header(self, bank: int, array: int, layer: int, word: int) -> int:
        """The first beat of a frame."""
        return bank << 28 | array << 24 | layer << 16 | word

    def frame(self, header: int, chunks: int | None = None) -> list[tuple[int, ...]]:
        """Send a frame of so many chunks (None: right); gives the writes of its chunks, were it good."""
        chunks = self.chunks if chunks is None else chunks
        data = [random.getrandbits(32) for _ in range(chunks)]
        self.lora.send(*((beat, int(i == chunks)) for i, beat in enumerate([header, *data])))
        place = (header >> 28, header >> 24 & 3, header >> 16 & 255, header & 0xFFFF)
        return [(*place, chunk, beat) for chunk, beat in enumerate(data)]

    async def framed(self) -> None:
        """The frames that were sent have been taken, and written what they write."""
        valid = self.dut.s_lora_tvalid_i
        await self.until("the frames are taken", lambda: not self.lora.beats and not int(valid.value))
        for _ in range(3):
            await RisingEdge(self.dut.clk_i)

    def random_place(self) -> tuple[int, int, int, int]:
        """Any bank, array, layer and word that there is."""
        array = random.randrange(4)
        size = self.size
        return random.randrange(size["ADAPTERS"]), array, random.randrange(size["LAYERS"]), self._word(array)

    def _word(self, array: int) -> int:
        return random.randrange(self.words[array])
