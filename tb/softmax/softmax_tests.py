# SPDX-License-Identifier: Apache-2.0
"""Softmax against the golden model: sequences of scores of all heads in; weights, frames and reciprocals out."""

import itertools
import random

import cocotb
import numpy as np
from cocotb.triggers import RisingEdge
from cocotb.utils import get_sim_time

from models.die.shape import OCTET
from models.golden.softmax import below, framed, frames, octaves, reciprocal, weights
from tb.evidence.coverage.points import softmax as cover
from tb.rig.beats import check, pack, random_fx, unpack
from tb.rig.stream import reset

SCORE_W, WEIGHT_W = 24, 21
LOW, HIGH = -(1 << SCORE_W - 1), (1 << SCORE_W - 1) - 1
CONTROL = ("valid", "on", "opens", "closes", "first", "last", "score", "lift")


class Sequence:
    """Scores [heads, n] and exponents of the values [kv_heads, n], and what softmax makes of them."""

    def __init__(self, scores, lifts):
        self.scores, self.lifts = scores, lifts
        reach = octaves(scores)
        lifted = reach + np.repeat(lifts, len(scores) // len(lifts), axis=0)
        self.frames = [frames(reach), frames(lifted)]
        self.weights = weights(scores, [below(reach, self.frames[0]), below(lifted, self.frames[1])])
        self.growth = np.minimum(np.diff(self.frames[1], axis=-1, prepend=self.frames[1][:, :1]), 63)
        total = framed(lambda at: self.weights[0][:, at].sum(axis=-1, keepdims=True, dtype=np.float64), self.frames[0])
        self.recip, length = (part[:, 0] for part in reciprocal(total))
        self.places = length + 9 - (self.frames[1] - self.frames[0])[:, -1]


class Softmax:
    """Drives a softmax, and checks what leaves it."""

    def __init__(self, dut):
        self.dut = dut
        sizes = "HEADS", "KV_HEADS", "POSITIONS", "DEPTH"
        self.heads, self.kv_heads, self.positions, self.depth = (int(getattr(dut, name).value) for name in sizes)

    async def give(self, sequence):
        """A sequence, a beat a clock."""
        n, step = sequence.scores.shape[1], self.positions
        end = -(-n // OCTET) * OCTET
        for at in range(0, end, step):
            span = range(at, at + step)
            rows = [sequence.scores[:, t] if t < n else random_fx(self.heads, SCORE_W) for t in span]
            lifts = [sequence.lifts[:, t] if t < n else random_fx(self.kv_heads, 5) for t in span]
            beat = {
                "valid": 1,
                "on": sum(int(t < n) << p for p, t in enumerate(span)),
                "opens": int(at < OCTET),
                "closes": int(at >= end - OCTET),
                "first": int(at % OCTET == 0),
                "last": int(at % OCTET == OCTET - step),
                "score": pack(np.concatenate(rows), SCORE_W),
                "lift": pack(np.concatenate(lifts), 5),
            }
            self.drive(beat)
            await RisingEdge(self.dut.clk_i)
        self.drive(dict.fromkeys(CONTROL, 0))

    def drive(self, values):
        for name, value in values.items():
            getattr(self.dut, f"{name}_i").value = value

    async def watch(self):
        """What is told a clock ahead comes."""
        dut, early = self.dut, (0, 0)
        while True:
            await RisingEdge(dut.clk_i)
            valid = int(dut.valid_o.value)
            assert (valid, int(dut.on_o.value) if valid else 0) == early
            valid = int(dut.early_valid_o.value)
            early = valid, int(dut.early_on_o.value) if valid else 0

    async def expect(self, sequence):
        """The beats of a sequence, then its reciprocals."""
        dut, n = self.dut, sequence.scores.shape[1]
        for at in range(0, -(-n // OCTET) * OCTET, self.positions):
            while not int(dut.valid_o.value):
                await RisingEdge(dut.clk_i)
            self.expect_beat(sequence, at)
            await RisingEdge(dut.clk_i)
        while not int(dut.done_o.value):
            await RisingEdge(dut.clk_i)
        for name, width, expected in (("recip", 16, sequence.recip), ("places", 6, sequence.places)):
            got = unpack(getattr(dut, f"{name}_o").value.to_unsigned(), self.heads, width, signed=False)
            check(got, expected, f"{name} of {n} positions")

    def expect_beat(self, sequence, at):
        dut, now = self.dut, get_sim_time("ns")
        n, span = sequence.scores.shape[1], range(at, at + self.positions)
        end = -(-n // OCTET) * OCTET
        flags = [int(getattr(dut, f"{name}_o").value) for name in CONTROL[1:6]]
        edges = [at < OCTET, at >= end - OCTET, at % OCTET == 0, at % OCTET == OCTET - self.positions]
        assert flags == [sum(int(t < n) << p for p, t in enumerate(span)), *edges], f"flags of position {at}: {flags}"
        for name, expected in zip(("weight", "value_weight"), sequence.weights, strict=True):
            got = unpack(getattr(dut, f"{name}_o").value.to_unsigned(), self.heads * len(span), WEIGHT_W, signed=False)
            rows = [expected[:, t] if t < n else np.zeros(self.heads, dtype=int) for t in span]
            check(got, np.concatenate(rows), f"{name} of position {at}", now)
        if at >= OCTET:
            growth = unpack(dut.value_growth_o.value.to_unsigned(), self.heads, 6, signed=False)
            check(growth, sequence.growth[:, at // OCTET], f"growth at position {at}", now)


async def hold(dut, sequences):
    """(scores [heads, n], lifts [kv_heads, n]) of several sequences, one after another."""
    softmax = Softmax(dut)
    softmax.drive(dict.fromkeys(CONTROL, 0))
    await reset(dut)
    cocotb.start_soon(softmax.watch())
    for scores, lifts in sequences:
        sequence = Sequence(scores, lifts)
        given = cocotb.start_soon(softmax.give(sequence))
        await softmax.expect(sequence)
        await given
        cover.sample(softmax.positions, scores, sequence.frames, sequence.weights, sequence.recip)


def lifts(dut, n, most=28):
    return np.array([[random.randint(0, most) for _ in range(n)] for _ in range(int(dut.KV_HEADS.value))])


def size(dut):
    return int(dut.HEADS.value), int(dut.DEPTH.value)


@cocotb.test()
async def random_sequences(dut):
    """Every kind of length up to the depth, scores close together and far apart."""
    heads, depth = size(dut)
    lengths = sorted({1, 2, OCTET - 1, OCTET, OCTET + 1, depth - 1, depth} & set(range(1, depth + 1)))
    kinds = itertools.product(lengths, (24, 18, 16, 13, 8))
    await hold(dut, [(random_fx(heads * n, bits).reshape(heads, n), lifts(dut, n)) for n, bits in kinds])


@cocotb.test()
async def directed(dut):
    """One position; all tied at both ends; the largest first, last and in the middle; rising and falling."""
    heads, depth = size(dut)
    flat = [np.full((heads, n), v) for n in (1, depth // 2 + 1, depth) for v in (0, -1, 1, LOW, HIGH)]
    peaks = []
    for at in {0, depth // 2, depth - 1}:
        for base, peak in ((-5000, -3000), (LOW, HIGH), (LOW, LOW + 1), (0, 4096), (HIGH - 1, HIGH), (-90000, -1)):
            scores = np.full((heads, depth), base)
            scores[:, at] = peak
            peaks.append(scores)
    rising = np.linspace(LOW, HIGH, depth * heads).astype(np.int64).reshape(heads, depth)
    per_head = np.where(np.arange(heads)[:, None] == np.arange(depth) % heads, 3000, -3000)
    cases = [*flat, *peaks, rising, rising[:, ::-1], per_head]
    late = np.arange(depth) >= OCTET  # from here on scores keep what was before them, and with their values lose it
    apart = np.tile(late * (15 << 12), (heads, 1)), np.tile(late * 28, (int(dut.KV_HEADS.value), 1))
    given = [(scores, lifts(dut, scores.shape[1], most)) for scores in cases for most in (0, 28)]
    await hold(dut, [*given, apart])


@cocotb.test()
async def sums_around_powers_of_two(dut):
    """Sums that are a power of two, or next to one: reciprocals at both ends."""
    heads, depth = size(dut)
    counts = [n for n in (1, 2, 4, 8, 16) if n <= depth]
    cases = [np.full((heads, n), score) for n in counts for score in (0, 64, -64, 1, -1, -4096)]
    cases += [np.concatenate([np.zeros((heads, n), dtype=int), np.full((heads, 1), -k << 12)], axis=1)
              for n in counts if n < depth for k in (1, 19, 20, 21)]  # fmt: skip
    await hold(dut, [(scores, lifts(dut, scores.shape[1])) for scores in cases])


@cocotb.test()
async def a_reset_between(dut):
    """A reset in the midst of a sequence leaves nothing behind."""
    heads, depth = size(dut)
    softmax = Softmax(dut)
    softmax.drive(dict.fromkeys(CONTROL, 0))
    await reset(dut)
    for clocks in range(1, 60, 7):
        given = cocotb.start_soon(
            softmax.give(Sequence(random_fx(heads * depth, 20).reshape(heads, depth), lifts(dut, depth)))
        )
        for _ in range(clocks):
            await RisingEdge(dut.clk_i)
        given.cancel()
        softmax.drive(dict.fromkeys(CONTROL, 0))
        dut.rst_i.value = 1
        await RisingEdge(dut.clk_i)
        dut.rst_i.value = 0
        await RisingEdge(dut.clk_i)
        assert not int(dut.valid_o.value) and not int(dut.done_o.value)
        sequence = Sequence(random_fx(heads, 20).reshape(heads, 1), lifts(dut, 1))
        given = cocotb.start_soon(softmax.give(sequence))
        await softmax.expect(sequence)
        await given
