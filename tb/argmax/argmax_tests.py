# SPDX-License-Identifier: Apache-2.0
"""Greedy choice against the golden model: the lowest index among the largest logits."""

import random

import cocotb
import numpy as np

from models.die.shape import LANES
from models.golden.argmax import argmax
from tb.evidence.coverage.ends import WatchedSink, WatchedSource
from tb.evidence.coverage.points import argmax as cover
from tb.rig.beats import random_fx, random_tag
from tb.rig.bundles import Tag
from tb.rig.stream import STALLS, reset

LOW, HIGH = -(1 << 31), (1 << 31) - 1


async def hold(dut, cases, stall):
    """Choose from logits [vocab]; padding columns are as large as a logit can be."""
    source, sink = WatchedSource(dut, stall=stall), WatchedSink(dut, ("tag", "token"), stall=stall)
    await reset(dut)
    tags = [random_tag() for _ in cases]
    for tag, logits in zip(tags, cases, strict=True):
        source.send_vector(tag, np.concatenate([logits, np.full(-len(logits) % LANES, HIGH)]))
    for i, (tag, logits) in enumerate(zip(tags, cases, strict=True)):
        cover.sample(logits)
        ((bits, token),) = await sink.receive(1)
        assert Tag.unpack(bits) == tag
        assert token == argmax(logits), f"case {i}: token {token} for {argmax(logits)}"
    await sink.expect_silence()


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def random_logits(dut, stall):
    """Random logits of every length; the short ones are full of ties."""
    vocab = int(dut.VOCAB.value)
    await hold(dut, [random_fx(vocab, bits) for bits in range(1, 33)], stall)


@cocotb.test()
async def peaks(dut):
    """A lone maximum at every index, over negative logits, above the lowest value there is."""
    vocab = int(dut.VOCAB.value)
    cases = []
    for at in range(vocab):
        logits = np.full(vocab, LOW if at % 2 else -1000)
        logits[at] = LOW + 1 if at % 2 else -999
        cases.append(logits)
    await hold(dut, cases, "none")


@cocotb.test()
async def ties(dut):
    """All the same, and two equal maxima in any lanes and beats."""
    vocab = int(dut.VOCAB.value)
    cases = [np.full(vocab, v) for v in (0, -1, LOW, HIGH)]
    pairs = [(0, vocab - 1), (vocab - 2, vocab - 1), (0, 1), *(random.sample(range(vocab), 2) for _ in range(40))]
    for first, second in pairs:
        logits = random_fx(vocab, 20)
        logits[[first, second]] = 1 << 19
        cases.append(logits)
    await hold(dut, cases, "none")
