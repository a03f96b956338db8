# SPDX-License-Identifier: Apache-2.0
"""Choice by temperature against the golden model, and its exact clocks."""

import dataclasses
import random

import cocotb
import numpy as np
from cocotb.triggers import RisingEdge

from models.die.cycles import SAMPLER, candidates, scanning
from models.die.shape import LANES
from models.golden.exp2 import exp2
from models.golden.sampler import Sampling, lowbias32, sampler
from tb.evidence.coverage.ends import WatchedSink, WatchedSource
from tb.evidence.coverage.points import sampler as cover
from tb.rig.beats import pack, random_fx, random_tag
from tb.rig.bundles import Sample, Tag
from tb.rig.states import return_to_first
from tb.rig.stream import STALLS, reset

LOW, HIGH = -(1 << 31), (1 << 31) - 1
BETAS = (1, 100, 1 << 16, 94548, 1 << 20, (1 << 24) - 1)
POSITIONS = (0, 1, 511, (1 << 16) - 1)


class SamplerBench:
    """The module beside its golden model."""

    def __init__(self, dut, stall="none") -> None:
        self.dut, self.vocab, self.most = dut, int(dut.VOCAB.value), int(dut.TOP_K.value)
        self.source = WatchedSource(dut, ("tag", "data", "sample"), stall=stall)
        self.sink = WatchedSink(dut, ("tag", "token"), stall=stall)

    def any(self, **fixed: int) -> Sampling:
        """Any way to choose."""
        how = Sampling(random.randint(2, self.most), random.choice(BETAS), random.getrandbits(32))
        return dataclasses.replace(how, **fixed)

    def send(self, tag: Tag, logits: np.ndarray, how: Sampling) -> None:
        """Queue logits [vocab]; padding columns are as large as a logit can be."""
        padded = np.concatenate([logits, np.full(-len(logits) % LANES, HIGH)])
        sample = Sample(**dataclasses.asdict(how)).pack()
        self.source.send(*((tag.pack(), pack(beat), sample) for beat in padded.reshape(-1, LANES)))

    async def hold(self, cases: list[tuple[np.ndarray, Sampling]], pos: int | None = None) -> None:
        """Choose from logits [vocab], each with its way to choose, one after another; at any position or ``pos``."""
        anywhere = (random.choice((*POSITIONS, random.getrandbits(16))) for _ in cases)
        tags = [random_tag()._replace(pos=some if pos is None else pos) for some in anywhere]
        for tag, (logits, how) in zip(tags, cases, strict=True):
            self.send(tag, logits, how)
        for i, (tag, (logits, how)) in enumerate(zip(tags, cases, strict=True)):
            ((bits, token),) = await self.sink.receive(1)
            expected = sampler(logits, tag.pos, how)
            assert Tag.unpack(bits) == tag
            assert token == expected, f"case {i}: token {token} for {expected}, {tag}, {how}"
            cover.sample(logits, tag.pos, how, sum(candidates(logits, how.top_k, LANES)), token)
        await self.sink.expect_silence()


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def random_logits(dut, stall):
    """Random logits of every length, the short ones full of ties; every number to choose among."""
    bench = SamplerBench(dut, stall)
    await reset(dut)
    cases = [(random_fx(bench.vocab, bits), bench.any()) for bits in range(1, 33)]
    counts = range(2, bench.most + 1)
    cases += [(random_fx(bench.vocab, 18), bench.any(top_k=k, beta=3000)) for k in counts for _ in range(5)]
    await bench.hold(cases)


@cocotb.test()
async def orders(dut):
    """Ascending logits, each of which enters the list, descending ones, all alike; at both ends of the range."""
    bench = SamplerBench(dut)
    await reset(dut)
    rising = np.arange(bench.vocab, dtype=np.int64)
    shapes = [
        rising * 999,
        -rising * 999,
        rising + HIGH - bench.vocab,
        LOW + rising,
        *(np.full(bench.vocab, v) for v in (0, -1, LOW, HIGH)),
    ]
    await bench.hold([(shape, bench.any(top_k=k)) for shape in shapes for k in (2, bench.most)])


@cocotb.test()
async def spread(dut):
    """Two values as far apart as they can be, and close; every beta and seed at its ends."""
    bench = SamplerBench(dut)
    await reset(dut)
    cases = []
    for beta in BETAS:
        for seed in (0, (1 << 32) - 1, random.getrandbits(32)):
            cases.append((np.array(random.choices((LOW, HIGH), k=bench.vocab)), bench.any(beta=beta, seed=seed)))
            cases.append((random_fx(bench.vocab, 12), bench.any(beta=beta, seed=seed)))
    await bench.hold(cases)


@cocotb.test()
async def draws(dut):
    """The same logits at many positions and seeds: draws over the whole sum, equal weights and unequal ones."""
    bench = SamplerBench(dut)
    await reset(dut)
    for logits in (np.zeros(bench.vocab, dtype=np.int64), random_fx(bench.vocab, 16)):
        for top_k in (2, 3, bench.most):
            await bench.hold([(logits, bench.any(top_k=top_k, beta=1 << 16)) for _ in range(40)])


def unhashed(hashed: int) -> int:
    """The seed that lowbias32 turns into this number: of position 0."""
    x = hashed ^ hashed >> 16
    x = x * pow(0x846CA68B, -1, 1 << 32) & 0xFFFFFFFF
    x ^= x >> 15 ^ x >> 30
    x = x * pow(0x7FEB352D, -1, 1 << 32) & 0xFFFFFFFF
    return x ^ x >> 16


@cocotb.test()
async def edges(dut):
    """Draws on both sides of where the first weight ends; differences that round half up, and just not, where the draw
    tells one weight from the next.
    """
    bench, one = SamplerBench(dut), 1 << 20
    await reset(dut)
    cases = []
    for gap, beta in ((0, 1), (5, 1 << 19), (1, (1 << 19) - 1)):
        logits = np.full(bench.vocab, LOW)
        logits[:2] = gap, 0
        nearest = int(exp2(np.int64(gap * beta >> 20)))
        at = -(-(one << 32) // (one + nearest))  # the least hash whose draw is behind the first weight
        for hashed in (at - 1, at, at + 1):
            seed = unhashed(hashed)
            assert lowbias32(seed) == hashed
            cases.append((logits, Sampling(2, beta, seed)))
    await bench.hold(cases, pos=0)


@cocotb.test()
async def ties(dut):
    """Equal logits at the end of the list, in one beat and in two: the first of them are kept."""
    bench = SamplerBench(dut)
    await reset(dut)
    cases = []
    for _ in range(40):
        logits = random_fx(bench.vocab, 8)
        logits[random.sample(range(bench.vocab), min(bench.vocab, bench.most + 3))] = 200
        logits[random.sample(range(bench.vocab), 2)] = 201
        cases.append((logits, bench.any(beta=random.choice((1, 100)))))
    await bench.hold(cases)


@cocotb.test()
async def clocks(dut):
    """A clock a beat, one for each candidate and three behind the last of a beat; then two for each kept logit, the
    hash, the draw and the stages.
    """
    bench = SamplerBench(dut)
    await reset(dut)
    rising = np.arange(bench.vocab, dtype=np.int64)
    for logits in (rising, -rising, random_fx(bench.vocab, 20), np.zeros(bench.vocab, dtype=np.int64)):
        for top_k in (2, bench.most):
            count, beats = scanning(logits, top_k, LANES), -(-bench.vocab // LANES)
            assert not int(dut.busy_o.value)
            bench.send(random_tag(), logits, bench.any(top_k=top_k))
            while not int(dut.valid_i.value):
                await RisingEdge(dut.clk_i)
            taken = 0
            while not int(dut.valid_o.value):
                await RisingEdge(dut.clk_i)
                taken += 1
            expected = beats + count + 2 * min(top_k, bench.vocab) + SAMPLER
            assert taken == expected, f"{taken} clocks for {expected}"
            await bench.sink.receive(1)
            await bench.sink.expect_silence(3)


@cocotb.test()
async def illegal_states(dut):
    """From an encoding that is no state the machine comes back to its first one."""
    SamplerBench(dut)
    await reset(dut)
    await return_to_first(dut, states=6)
