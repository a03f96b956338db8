# SPDX-License-Identifier: Apache-2.0
"""Low-rank adapters against the golden model: what is added to a matrix's beats, from which words, in which clocks.

The bench plays the matrix: beats of mantissas in, each held until it is taken, then beats of outputs to be changed.
"""

import math
import os
import random

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge

from models.adapter import Codes
from models.die.cycles import threes
from models.die.shape import GROUP, LANES
from models.golden.lora import lora
from tb.evidence.coverage.points import lora as cover
from tb.lora.lora_shape import CASES
from tb.rig.beats import check, extreme_fx, pack, random_fx, unpack
from tb.rig.bundles import AdapterWrite
from tb.rig.stream import STALLS, reset

CASE = CASES[os.environ["CASE"]]
MODULES, BEATS = len(CASE.outputs), CASE.inputs // LANES
LARGEST = np.uint16(0x3BFF)  # the largest binary16 below 1
SCALES = (0, 1, 0x0400, 0x1234, 0x3800, int(LARGEST))  # none, the smallest, the smallest normal one, ...
PATIENCE = 2000  # clocks of a token
SHIFTS = 33 - CASE.act_w  # of a block: 0 to this, exclusive


def random_codes() -> list[Codes]:
    """Codes of every module, of any size; one scale of B at least is not 0."""
    small = random.random() < 0.5
    scales = [[random.choice((*SCALES, random.randrange(1, 0x3C00))) for _ in "ab"] for _ in CASE.outputs]
    scales[random.randrange(MODULES)][1] = random.randrange(1, 0x3C00)
    return [
        Codes(
            random_matrix(3 if small else 128, CASE.rank, CASE.inputs),
            random_matrix(128, out, CASE.rank),
            *map(np.uint16, scale),
        )
        for out, scale in zip(CASE.outputs, scales, strict=True)
    ]


def random_matrix(size: int, *shape: int) -> np.ndarray:
    """int8 codes from -size to size - 1."""
    return np.array([random.randrange(-size, size) for _ in range(math.prod(shape))], np.int8).reshape(shape)


def flat_codes(a: int, b: int, scale: int) -> list[Codes]:
    """All codes of A, and of B, alike."""
    scales = [np.uint16(scale)] * 2
    flat = [(np.full((CASE.rank, CASE.inputs), a), np.full((out, CASE.rank), b)) for out in CASE.outputs]
    return [Codes(one.astype(np.int8), other.astype(np.int8), *scales) for one, other in flat]


def words(codes: list[Codes]) -> list[int]:
    """The words of a bank, as docs/formats.md says."""
    rows = [one.a[:, beat * LANES :][:, :LANES].ravel() for one in codes for beat in range(BEATS)]
    rows += [codes[m].b[beat * LANES :][:LANES].T.ravel() for m, beat in CASE.order]
    scales = sum((int(one.a_scale) | int(one.b_scale) << 16) << 32 * m for m, one in enumerate(codes))
    return [pack(row, 8) for row in rows] + [scales]


def random_x() -> tuple[np.ndarray, np.ndarray]:
    """Mantissas [blocks, GROUP] and shifts [blocks]: any, small ones, or both at their ends."""
    top, blocks = 1 << CASE.act_w - 1, CASE.inputs // GROUP
    kind = random.random()
    values = random.choices((-top, top - 1, 0) if kind < 0.2 else range(-top, top), k=CASE.inputs)
    shifts = random.choices((0, SHIFTS - 1) if kind < 0.2 else range(6) if kind < 0.6 else range(SHIFTS), k=blocks)
    return np.array(values).reshape(blocks, GROUP), np.array(shifts)


class LoraBench:
    """The module beside its golden model; what the banks hold."""

    def __init__(self, dut, stall="none") -> None:
        self.dut, self.stall = dut, stall
        self.banks: list[list[Codes]] = [[] for _ in range(CASE.banks)]
        for name in ("write_valid_i", "write_i", "valid_i", "adapter_i", "beat_i", "x_i", "shift_i", "y_i", "pop_i"):
            getattr(dut, name).value = 0
        self.corrected = self.failed = 0  # words

    async def start(self, *banks: list[Codes]) -> None:
        """Reset, and write what the banks hold: random codes by default."""
        await reset(self.dut)
        cocotb.start_soon(self._count())
        for bank in range(CASE.banks):
            await self.load(bank, banks[bank] if bank < len(banks) else random_codes())

    async def load(self, bank: int, codes: list[Codes], array: int = CASE.array) -> None:
        """Write a bank, 32 bits at a time; with another ``array`` it is not for this module."""
        for word, bits in enumerate(words(codes)):
            for chunk in range(CASE.rank * LANES // 4):
                data = bits >> 32 * chunk & 0xFFFFFFFF
                write = AdapterWrite(array=array, bank=bank, word=word, chunk=chunk, data=data)
                self.dut.write_i.value = write.pack()
                self.dut.write_valid_i.value = 1
                await RisingEdge(self.dut.clk_i)
                self.dut.write_valid_i.value = 0
                if self.stall != "none" and random.random() < 0.05:
                    self.dut.write_i.value = AdapterWrite.random().pack()
                    await RisingEdge(self.dut.clk_i)
        if array == CASE.array:
            self.banks[bank] = codes

    async def token(self, adapter: int, x=None, y=None) -> tuple[list[int], list[int]]:
        """Send a token through and hold its outputs; gives the clocks of its beats in and of its beats out, counted
        from where it was first offered.
        """
        mantissas, shifts = x or random_x()
        y = random_fx(sum(CASE.outputs)) if y is None else y
        dut, clock, taken, left = self.dut, 0, [], []
        for beat in range(BEATS):
            part = mantissas.ravel()[beat * LANES :][:LANES]
            dut.valid_i.value, dut.adapter_i.value, dut.beat_i.value = 1, adapter, beat
            dut.x_i.value = pack(part, CASE.act_w)
            dut.shift_i.value = pack(shifts[beat * LANES // GROUP :][: LANES // GROUP], 5)
            clock += await self._until(dut.ready_o)
            taken.append(clock)
            dut.valid_i.value, dut.x_i.value = 0, random.getrandbits(LANES * CASE.act_w)
            clock += await self._pause()
        expected = self.expected(adapter, mantissas, shifts, y)
        for beat, (m, _) in enumerate(CASE.order):
            clock += await self._pause()
            dut.y_i.value = pack(y[beat * LANES :][:LANES])
            await FallingEdge(dut.clk_i)
            while not int(dut.sum_valid_o.value):
                await FallingEdge(dut.clk_i)
                clock += 1
                assert clock < PATIENCE, f"adapter {adapter}: output beat {beat} does not come"
            got = unpack(dut.sum_o.value.to_unsigned(), LANES)
            dut.pop_i.value = 1
            await RisingEdge(dut.clk_i)
            clock += 1
            left.append(clock)
            dut.pop_i.value = 0
            check(got, expected[beat * LANES :][:LANES], f"adapter {adapter}, output beat {beat} of module {m}")
        return taken, left

    def expected(self, adapter: int, mantissas: np.ndarray, shifts: np.ndarray, y: np.ndarray) -> np.ndarray:
        """The golden outputs, in the order of the output beats."""
        beats = y.reshape(-1, LANES).copy()
        for m in range(MODULES if adapter else 0):
            mine = [n for n, (owner, _) in enumerate(CASE.order) if owner == m]
            codes = self.banks[adapter - 1][m]
            beats[mine] = lora(y.reshape(-1, LANES)[mine].ravel(), mantissas, shifts, codes, CASE.act_w).reshape(
                -1, LANES
            )
        cover.sample(CASE, adapter, self.banks[adapter - 1] if adapter else [], shifts, mantissas, y, beats.ravel())
        return beats.ravel()

    async def _until(self, ready) -> int:
        clocks = 0
        while True:
            await RisingEdge(self.dut.clk_i)
            clocks += 1
            if int(ready.value):
                return clocks
            assert clocks < PATIENCE, "a beat is not taken"

    async def _pause(self) -> int:
        clocks = {"none": 0, "some": random.randrange(3) // 2, "heavy": random.randrange(12)}[self.stall]
        if clocks:
            await ClockCycles(self.dut.clk_i, clocks)
        return clocks

    async def _count(self) -> None:
        while True:
            await RisingEdge(self.dut.clk_i)
            self.corrected += int(self.dut.corrected_o.value)
            self.failed += int(self.dut.failed_o.value)


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def random_tokens(dut, stall):
    """Tokens back to back, each with any adapter or none."""
    bench = LoraBench(dut, stall)
    await bench.start()
    for adapter in [*range(CASE.banks + 1), 0, 1, *random.choices(range(CASE.banks + 1), k=12)]:
        await bench.token(adapter)
    assert not bench.corrected and not bench.failed


@cocotb.test()
async def extremes(dut):
    """Codes, mantissas, shifts, scales and outputs at their ends, of both signs: every sum saturates, or just not."""
    bench = LoraBench(dut)
    await bench.start()
    top = 1 << CASE.act_w - 1
    ys = extreme_fx(sum(CASE.outputs))
    for a, b in ((127, 127), (-128, -128), (127, -128), (-128, 127), (1, -1)):
        await bench.load(0, flat_codes(a, b, random.choice((1, 0x1000, int(LARGEST), int(LARGEST)))))
        for value in (top - 1, -top, 1):
            for shift in (0, 8, SHIFTS - 1):
                x = np.full((CASE.inputs // GROUP, GROUP), value), np.full(CASE.inputs // GROUP, shift)
                await bench.token(1, x, random.choice(ys))


@cocotb.test()
async def scales(dut):
    """Every scale of A beside every scale of B, 0 among them; a module without strength is left as it is."""
    bench = LoraBench(dut)
    await bench.start()
    for a in SCALES:
        for b in SCALES:
            codes = random_codes()
            changed = random.randrange(MODULES)
            codes = [
                Codes(one.a, one.b, np.uint16(a), np.uint16(b if m == changed else 0)) for m, one in enumerate(codes)
            ]
            await bench.load(0, codes)
            await bench.token(1)


@cocotb.test()
async def none(dut):
    """Without an adapter, and with one of scales 0, nothing changes; without one no clock is lost either."""
    bench = LoraBench(dut)
    await bench.start(flat_codes(-128, 127, 0))
    for adapter in (0, 1, 0, 2, 0, 1):
        y = random_fx(sum(CASE.outputs))
        taken, left = await bench.token(adapter, None, y)
        if adapter == 2:
            continue
        wait = 3 if adapter else 0  # for the scales
        assert taken == [wait + n + 1 for n in range(BEATS)]
        assert left == [taken[-1] + n + 1 for n in range(len(CASE.order))]


@cocotb.test()
async def clocks(dut):
    """Three clocks for the scales, two until the first word of A is there, one a module for a beat; then the stages of
    A, u, one value a clock, and its stages, the mantissas of the last module, the stages of B; then one a clock.
    """
    bench = LoraBench(dut)
    await bench.start()
    for adapter in (1, 2, 1):
        taken, left = await bench.token(adapter)
        assert taken == [5 + (n + 1) * MODULES for n in range(BEATS)], f"taken after {taken} clocks"
        first = taken[-1] + MODULES * CASE.rank + 26 + threes(CASE.rank) + threes(LANES // GROUP)
        assert left == [first + n for n in range(len(CASE.order))], f"left after {left} clocks, taken after {taken}"


@cocotb.test()
async def writing(dut):
    """A bank is written while another is used: neither disturbs the other; words of other arrays are not for this."""
    bench = LoraBench(dut, "some")
    await bench.start()
    for used, written in ((1, 1), (2, 0), (1, 1)):
        codes = random_codes()
        loading = cocotb.start_soon(bench.load(written, codes))
        while not loading.done():
            await bench.token(used)
        await bench.load(written, random_codes(), (CASE.array + 1) % 4)
        await bench.token(written + 1)


@cocotb.test()
async def flips(dut):
    """A flipped bit in every word of a bank: the same outputs, each word counted; two in one are reported."""
    bench = LoraBench(dut)
    await bench.start()
    count = len(words(bench.banks[0]))
    width = len(dut.u_sram.mem[0])
    before = [dut.u_sram.mem[word].value.to_unsigned() for word in range(count)]
    for word in range(count):
        dut.u_sram.mem[word].value = before[word] ^ 1 << random.randrange(width)
    await bench.token(1)
    await RisingEdge(dut.clk_i)
    assert (bench.corrected, bench.failed) == (count, 0)
    cover.sample_flips("corrected")
    for word in range(count):
        dut.u_sram.mem[word].value = before[word]
    # The last code word of the scales is not used by any module that there is: the outputs stay.
    spare = CASE.rank * LANES * 8 - 1
    dut.u_sram.mem[count - 1].value = before[count - 1] ^ (3 << width - 3)
    assert spare >= 32 * MODULES
    await bench.token(1)
    await RisingEdge(dut.clk_i)
    assert (bench.corrected, bench.failed) == (count, 1)
    cover.sample_flips("failed")
