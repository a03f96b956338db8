# SPDX-License-Identifier: Apache-2.0
"""Rows and columns of an adapter's words against sums of integers: any values, and those at their ends."""

import random

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge

from models.die.shape import GROUP, LANES
from tb.rig.beats import check, pack, unpack

BEATS = 3


def numbers(width: int, *shape: int) -> np.ndarray:
    """Signed integers: any, or both ends of the range."""
    top = 1 << width - 1
    one = random.choice((range(-top, top), (-top, top - 1, 0, -1), (-top,), (top - 1,)))
    return np.array(random.choices(one, k=int(np.prod(shape))), object).reshape(shape)


class Words:
    """The module, and what its parameters are."""

    def __init__(self, dut) -> None:
        self.dut = dut
        names = "RANK", "MODULES", "ACT_W", "P_W", "FACTOR_W", "LIFT", "DELTA_W"
        for name in names:
            setattr(self, name.lower(), int(getattr(dut, name).value))

    async def start(self) -> None:
        """Start the clock."""
        for name in ("word", "of_a", "first", "x", "shift", "of_b", "mant", "factor", "places"):
            getattr(self.dut, f"{name}_i").value = 0
        cocotb.start_soon(Clock(self.dut.clk_i, 10, "ns").start(start_high=False))
        await FallingEdge(self.dut.clk_i)

    def word(self) -> np.ndarray:
        """Drives codes [rank, LANES], and gives them."""
        codes = numbers(8, self.rank, LANES)
        self.dut.word_i.value = pack(codes.ravel(), 8)
        return codes

    def noise(self) -> None:
        """Anything on the inputs of both kinds of words, none of which is taken."""
        self.word()
        self.dut.x_i.value = random.getrandbits(LANES * self.act_w)
        self.dut.mant_i.value = random.getrandbits(self.rank * self.act_w)
        self.dut.first_i.value = random.randrange(2)

    def delta(self, codes: np.ndarray, mant: np.ndarray, factor: int, places: int) -> list[int]:
        """What each column adds [LANES]: its sum times the factor, LIFT places up and ``places`` down, rounded and
        clamped.
        """
        top = 1 << self.delta_w - 1
        halves = [(int(s) * factor << self.lift + 1 >> places) + 1 >> 1 for s in mant @ codes]
        return [min(max(half, -top), top - 1) for half in halves]


@cocotb.test()
async def rows(dut):
    """Words of A, the modules in turn, with gaps between them: the sums of whole vectors, one after another."""
    bench = Words(dut)
    await bench.start()
    for _ in range(20):
        sums = np.zeros((bench.modules, bench.rank), object)
        for beat in range(BEATS):
            for module in range(bench.modules):
                bench.noise()
                x, shifts = numbers(bench.act_w, LANES), np.array(random.choices(range(22), k=LANES // GROUP), object)
                dut.x_i.value, dut.shift_i.value = pack(x, bench.act_w), pack(shifts, 5)
                dut.first_i.value, dut.of_a_i.value = int(beat == 0), 1
                sums[module] += bench.word() @ (x << np.repeat(shifts, GROUP))
                await FallingEdge(dut.clk_i)
                dut.of_a_i.value = 0
                bench.noise()
                for _ in range(random.randrange(2)):
                    await FallingEdge(dut.clk_i)
        got = unpack(dut.p_o.value.to_unsigned(), bench.modules * bench.rank, bench.p_w)
        check(got, sums.ravel(), "rows")


@cocotb.test()
async def columns(dut):
    """Words of B, with every number of places: what each lane adds, until another word is taken."""
    bench = Words(dut)
    await bench.start()
    for places in [*range(25 + bench.lift), *random.choices(range(25 + bench.lift), k=100)]:
        mant, factor = numbers(bench.act_w, bench.rank), random.choice((1, 1023, 1024, 2047, random.randrange(2048)))
        dut.mant_i.value, dut.factor_i.value, dut.places_i.value = pack(mant, bench.act_w), factor, places
        dut.of_b_i.value = 1
        expected = bench.delta(bench.word(), mant, factor, places)
        await FallingEdge(dut.clk_i)
        dut.of_b_i.value = 0
        bench.noise()
        for _ in range(random.randrange(2)):
            await FallingEdge(dut.clk_i)
        check(unpack(dut.delta_o.value.to_unsigned(), LANES, bench.delta_w), expected, f"columns, {places} places")
