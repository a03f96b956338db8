# SPDX-License-Identifier: Apache-2.0
"""The memory under flipped bits: one of a part is corrected, two are reported, none is ever silent."""

import itertools
import random

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import RisingEdge

from tb.evidence.coverage.points import ecc_sram as cover

MOST = 128  # data bits of a part
NARROW = 8  # bits of a word of which every value is tried
READ, DECODE = 1, 2  # enables of the stages
PAIRS, TRIPLES = 300, 300  # random ones, of words too wide for all


class HammingCode:
    """The extended Hamming code of a memory's parts, by the definition: data bit i has the (i+1)-th number that is no
    power of two, check bit j makes the parity of the numbers with bit j even, the last bit that of all.
    """

    def __init__(self, width: int) -> None:
        self.width, self.parts = width, -(-width // MOST)
        self.data = -(-width // self.parts)  # bits of a part
        self.numbers = list(itertools.islice((n for n in itertools.count(3) if n & (n - 1)), self.data))
        checks = self.numbers[-1].bit_length()
        self.numbers += [1 << j for j in range(checks)]
        self.bits = self.data + checks + 1

    def encode(self, word: int) -> int:
        """The code words of a word, the first part lowest."""
        return sum(self._part(word >> p * self.data & (1 << self.data) - 1) << p * self.bits for p in range(self.parts))

    def decode(self, stored: int) -> tuple[int, bool, bool]:
        """(word, corrected, failed) of what is stored."""
        word, corrected, failed = 0, False, False
        for p in range(self.parts):
            part = stored >> p * self.bits & (1 << self.bits) - 1
            number, odd = self._number(part), bool(part.bit_count() & 1)
            data = part & (1 << self.data) - 1
            known = not number or number in self.numbers
            if odd and known and number in self.numbers[: self.data]:
                data ^= 1 << self.numbers.index(number)
            corrected |= odd and known
            failed |= bool(number) if not odd else not known
            word |= data << p * self.data
        return word & (1 << self.width) - 1, corrected, failed

    def _number(self, part: int) -> int:
        number = 0
        for i, one in enumerate(self.numbers):
            number ^= one if part >> i & 1 else 0
        return number

    def _part(self, data: int) -> int:
        part = data | self._number(data) << self.data
        return part | (part.bit_count() & 1) << self.bits - 1


class SramBench:
    """The memory, written once, and words flipped in it behind its back."""

    def __init__(self, dut) -> None:
        self.dut, self.code, self.words = dut, HammingCode(int(dut.WIDTH.value)), int(dut.WORDS.value)
        for name in ("we_i", "waddr_i", "wdata_i", "re_i", "raddr_i"):
            getattr(dut, name).value = 0
        cocotb.start_soon(Clock(dut.clk_i, 10, "ns").start(start_high=False))

    async def write(self, address: int, word: int) -> int:
        """Write a word; gives what must be stored, and is."""
        dut = self.dut
        dut.we_i.value, dut.waddr_i.value, dut.wdata_i.value = 1, address, word
        await RisingEdge(dut.clk_i)
        dut.we_i.value, dut.wdata_i.value = 0, random.getrandbits(self.code.width)
        await RisingEdge(dut.clk_i)
        stored = dut.mem[address].value.to_unsigned()
        assert stored == self.code.encode(word), f"word {word:#x} is stored as {stored:#x}"
        return stored

    async def read(self, address: int) -> tuple[int, bool, bool]:
        """(word, corrected, failed) of an address."""
        dut = self.dut
        dut.re_i.value, dut.raddr_i.value = READ, address
        await RisingEdge(dut.clk_i)
        dut.re_i.value, dut.raddr_i.value = DECODE, random.randrange(self.words)
        await RisingEdge(dut.clk_i)
        dut.re_i.value = 0
        await RisingEdge(dut.clk_i)
        return dut.rdata_o.value.to_unsigned(), bool(int(dut.corrected_o.value)), bool(int(dut.failed_o.value))

    async def flip(self, word: int, cases) -> list[tuple[bool, bool]]:
        """Write a word and read it with each case's bits flipped, (part, bit) pairs; gives (corrected, failed) of each.

        What is read must be what the code says; the next word must be untouched.
        """
        code, flags = self.code, []
        address = random.randrange(self.words)
        stored = await self.write(address, word)
        for case in cases:
            found = stored
            for part, bit in case:
                found ^= 1 << part * code.bits + bit
            self.dut.mem[address].value = found
            got = await self.read(address)
            assert got == code.decode(found), f"{word:#x} with {case} flipped is read as {got}"
            parts = [[bit for at, bit in case if at == part] for part in range(code.parts)]
            cover.sample(code.width, parts, code.data, code.bits, *got[1:])
            if not got[2]:
                assert got[0] == word or max(map(len, parts)) > 2, f"{word:#x} with {case} flipped is silently {got}"
            flags.append(got[1:])
        return flags


@cocotb.test()
async def untouched(dut):
    """Without a flip every address gives its word, without a flag; without a read the output stays, without a flag."""
    bench = SramBench(dut)
    words = [random.getrandbits(bench.code.width) for _ in range(bench.words)]
    for address in random.sample(range(bench.words), bench.words):
        await bench.write(address, words[address])
    for address in random.sample(range(bench.words), bench.words):
        assert await bench.read(address) == (words[address], False, False)
        cover.sample(bench.code.width, [[]], bench.code.data, bench.code.bits, False, False)
        dut.mem[address].value = bench.code.encode(words[address]) ^ 3
        await RisingEdge(dut.clk_i)
        await RisingEdge(dut.clk_i)
        assert (dut.rdata_o.value.to_unsigned(), int(dut.corrected_o.value), int(dut.failed_o.value)) == (
            words[address],
            0,
            0,
        )


@cocotb.test()
async def single_flips(dut):
    """Every bit of the code word, data, check bits and parity, is corrected; the flags are up for one clock."""
    bench = SramBench(dut)
    code = bench.code
    cases = [((part, bit),) for part in range(code.parts) for bit in range(code.bits)]
    some = [random.getrandbits(code.width)]
    if code.parts == 1:
        some += [0, (1 << code.width) - 1]
    for word in range(1 << code.width) if code.width <= NARROW else some:
        assert await bench.flip(word, cases) == [(True, False)] * len(cases)
    await RisingEdge(dut.clk_i)
    assert not int(dut.corrected_o.value)


@cocotb.test()
async def double_flips(dut):
    """Two bits of a part, every pair if there are not too many: reported, whatever else is corrected beside them."""
    bench = SramBench(dut)
    code = bench.code
    pairs = [
        ((part, a), (part, b)) for part in range(code.parts) for a, b in itertools.combinations(range(code.bits), 2)
    ]
    pairs = pairs if len(pairs) <= PAIRS else random.sample(pairs, PAIRS)
    assert await bench.flip(random.getrandbits(code.width), pairs) == [(False, True)] * len(pairs)
    if code.parts > 1:
        beside = [(*pair, ((pair[0][0] + 1) % code.parts, random.randrange(code.bits))) for pair in pairs]
        assert await bench.flip(random.getrandbits(code.width), beside) == [(True, True)] * len(pairs)


@cocotb.test()
async def flips_of_all_parts(dut):
    """One bit in each of several parts: all are corrected."""
    bench = SramBench(dut)
    code = bench.code
    cases = []
    for _ in range(100):
        parts = random.sample(range(code.parts), random.randint(1, code.parts))
        cases.append(tuple((part, random.randrange(code.bits)) for part in parts))
    assert await bench.flip(random.getrandbits(code.width), cases) == [(True, False)] * len(cases)


@cocotb.test()
async def triple_flips(dut):
    """Three bits of a part are beyond the code: they look like another one, or, every number that no bit has, like none
    that there is, and are reported, whatever is corrected in another part. A perfect code has no such number.
    """
    bench = SramBench(dut)
    code = bench.code
    cases = [tuple((0, bit) for bit in bits) for bits in itertools.combinations(range(min(code.bits, 24)), 3)]
    cases = cases if len(cases) <= TRIPLES else random.sample(cases, TRIPLES)
    cases += [tuple((code.parts - 1, bit) for bit in random.sample(range(code.bits), 3)) for _ in range(TRIPLES)]
    strange = []
    for number in set(range(1, 1 << code.numbers[-1].bit_length())) - set(code.numbers):
        pairs = ((a, b, number ^ a ^ b) for a, b in itertools.combinations(code.numbers, 2))
        found = next(three for three in pairs if three[2] in code.numbers)
        strange.append(tuple((0, code.numbers.index(one)) for one in found))
    flags = await bench.flip(random.getrandbits(code.width), cases + strange)
    assert set(flags) == ({(True, False), (False, True)} if strange else {(True, False)})
    if code.parts > 1:
        beside = [(*case, (code.parts - 1, random.randrange(code.bits))) for case in strange]
        assert await bench.flip(random.getrandbits(code.width), beside) == [(True, True)] * len(beside)


@cocotb.test()
async def both_ports(dut):
    """A write and a read of another address in the same clock."""
    bench = SramBench(dut)
    words = {address: random.getrandbits(bench.code.width) for address in range(bench.words)}
    for address, word in words.items():
        await bench.write(address, word)
    due = [None, None]  # what was asked for, by stage
    for _ in range(100):
        write, read = random.sample(range(bench.words), 2)
        word = random.getrandbits(bench.code.width)
        dut.we_i.value, dut.waddr_i.value, dut.wdata_i.value = 1, write, word
        dut.re_i.value, dut.raddr_i.value = READ | DECODE, read
        await RisingEdge(dut.clk_i)
        assert due[1] is None or dut.rdata_o.value.to_unsigned() == due[1]
        due, words[write] = [words[read], due[0]], word


@cocotb.test()
async def waiting(dut):
    """A word stays where it is until its stage takes the next, however long that is, and is told once."""
    bench = SramBench(dut)
    first, second = (random.getrandbits(bench.code.width) for _ in range(2))
    await bench.write(0, first)
    stored = await bench.write(1, second)
    dut.mem[1].value = stored ^ 1
    assert await bench.read(0) == (first, False, False)
    dut.re_i.value, dut.raddr_i.value = READ, 1
    await RisingEdge(dut.clk_i)
    dut.re_i.value = 0
    for _ in range(random.randint(1, 5)):
        await RisingEdge(dut.clk_i)
        assert (dut.rdata_o.value.to_unsigned(), int(dut.corrected_o.value)) == (first, 0)
    dut.re_i.value = DECODE
    await RisingEdge(dut.clk_i)
    dut.re_i.value = 0
    for clock in range(3):
        await RisingEdge(dut.clk_i)
        assert (dut.rdata_o.value.to_unsigned(), int(dut.corrected_o.value)) == (second, int(clock == 0))
