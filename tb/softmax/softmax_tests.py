# SPDX-License-Identifier: Apache-2.0
"""Softmax against the golden model: sequences of scores of all heads in, their probabilities out."""

import cocotb
import numpy as np

from models.golden.softmax import softmax
from tb.evidence.coverage.ends import WatchedSink, WatchedSource
from tb.evidence.coverage.points import softmax as cover
from tb.rig.beats import check, pack, random_fx, unpack
from tb.rig.states import return_to_first
from tb.rig.stream import STALLS, reset

SCORE_W, PROB_W = 24, 21
LOW, HIGH = -(1 << SCORE_W - 1), (1 << SCORE_W - 1) - 1


async def hold(dut, sequences, stall):
    """Scores [positions, heads] of several sequences."""
    heads = int(dut.HEADS.value)
    source = WatchedSource(dut, ("last", "score"), stall=stall)
    sink = WatchedSink(dut, ("pos", "last", "prob"), stall=stall)
    await reset(dut)
    for scores in sequences:
        source.send(*((int(i == len(scores) - 1), pack(row, SCORE_W)) for i, row in enumerate(scores)))
    for scores in sequences:
        expected = softmax(scores.T, np.ones(len(scores), dtype=bool)).T
        cover.sample(scores, int(dut.DEPTH.value), expected)
        for i, beat in enumerate(await sink.receive(len(scores))):
            pos, last, prob = beat
            assert (pos, last) == (i, i == len(scores) - 1), f"position {i} says position {pos}, last {last}"
            check(unpack(prob, heads, PROB_W, signed=False), expected[i], f"probabilities of position {i}", beat.time)
    await sink.expect_silence()


def random_scores(dut, positions, bits):
    size = (positions, int(dut.HEADS.value))
    return random_fx(size[0] * size[1], bits).reshape(size)


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def random_sequences(dut, stall):
    """Every length up to the depth, scores close together and far apart."""
    depth = int(dut.DEPTH.value)
    lengths = sorted({1, 2, depth // 2, depth - 1, depth} - {0})
    await hold(dut, [random_scores(dut, n, bits) for n in lengths for bits in (24, 16, 13, 8)], stall)


@cocotb.test()
async def directed(dut):
    """One position; all tied at both ends; the maximum first, last and in the middle; all negative; all apart."""
    depth, heads = int(dut.DEPTH.value), int(dut.HEADS.value)
    flat = [np.full((n, heads), v) for n in (1, depth // 2 + 1, depth) for v in (0, -1, LOW, HIGH)]
    peaks = []
    for at in {0, depth // 2, depth - 1}:
        for base, peak in ((-5000, -3000), (LOW, HIGH), (LOW, LOW + 1), (0, 4096), (HIGH - 1, HIGH), (-90000, -1)):
            scores = np.full((depth, heads), base)
            scores[at] = peak
            peaks.append(scores)
    rising = np.linspace(LOW, HIGH, depth * heads).astype(np.int64).reshape(depth, heads)
    per_head = np.where(np.arange(heads) == np.arange(depth)[:, None] % heads, 3000, -3000)
    await hold(dut, [*flat, *peaks, rising, rising[::-1], per_head], "none")


@cocotb.test()
async def halves(dut):
    """Each term half of the one before, the last one twice: the sum is a power of two, its reciprocal exact, and the
    smallest probabilities lie between two values, where rounding decides."""
    depth, heads = int(dut.DEPTH.value), int(dut.HEADS.value)
    octaves = [*range(min(depth - 1, 21)), min(depth - 1, 21) - 1]
    await hold(dut, [np.repeat(-4096 * np.array(octaves)[:, None], heads, axis=1)], "none")


@cocotb.test()
async def illegal_states(dut):
    """From an encoding that is no state the machine comes back to its first one."""
    WatchedSource(dut, ("last", "score")), WatchedSink(dut, ("pos", "last", "prob"))
    await reset(dut)
    await return_to_first(dut, states=5)
