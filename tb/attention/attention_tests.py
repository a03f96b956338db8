# SPDX-License-Identifier: Apache-2.0
"""Grouped-query attention against the golden model, over positions and slots."""

import os
import random

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge

from models.die.shape import LANES, Die, score_constant
from models.golden.attention import attention, scores
from models.golden.fixed_point import quantise, rsr
from models.golden.kv_sram import KvSram
from tb.attention.attention_shape import CASES, DEPTH, POSITIONS, SLOTS
from tb.evidence.coverage.ends import WatchedSink, WatchedSource
from tb.evidence.coverage.points import attention as cover
from tb.rig.beats import extreme_fx, random_fx
from tb.rig.bundles import Tag
from tb.rig.stream import STALLS, reset

SHAPE = CASES[os.environ["CASE"]]
DIE = Die(kv_depth=DEPTH, slots=SLOTS, positions=POSITIONS[os.environ["CASE"]])
WIDTH = SHAPE.d_q + 2 * SHAPE.d_kv


class AttentionModel:
    """The KV cache of every slot and the attention over it."""

    def __init__(self):
        self.slots = [KvSram(SHAPE, DIE) for _ in range(SLOTS)]
        self.before = {}  # slot -> position

    def __call__(self, tag, x):
        """Output FX [d_q] of the token at ``tag`` with its q, k and v in ``x``."""
        q, k, v = (part.reshape(1, -1, SHAPE.head_dim) for part in np.split(x, [SHAPE.d_q, SHAPE.d_q + SHAPE.d_kv]))
        kv = self.slots[tag.slot]
        kv.write(tag.pos, k, v)
        stored, arithmetic = kv.read(tag.pos + 1), (DIE.act_w, DIE.kv_w, score_constant(SHAPE))
        weight, out = attention(q, stored, tag.pos, *arithmetic)
        cover.sample(tag, self.before.get(tag.slot), SHAPE, DIE, quantise(q, DIE.act_w)[1], stored[1::2], weight[0])
        cover.sample_scores(scores(q, *stored[:2], *arithmetic))
        self.before[tag.slot] = tag.pos
        return out.ravel()


async def hold(dut, tokens, stall):
    """Run (tag, vector) tokens in order, with any adapter, which only passes."""
    dut.layer_i.value = 0
    tokens = [(tag._replace(adapter=random.getrandbits(4)), x) for tag, x in tokens]
    source, sink, golden = WatchedSource(dut, stall=stall), WatchedSink(dut, stall=stall), AttentionModel()
    await reset(dut)
    for tag, x in tokens:
        source.send_vector(tag, x)
    for tag, x in tokens:
        await sink.expect_vector(tag, golden(tag, x))
    await sink.expect_silence()


def heads(bits):
    """A vector whose heads are of unlike size: distinct KV heads, distinct shifts."""
    sizes = [bits - 3 + i % 4 for i in range(WIDTH // SHAPE.head_dim)]
    return np.concatenate([random_fx(SHAPE.head_dim, size) for size in sizes])


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def slots(dut, stall):
    """Slots fill in turn, each with values of its own, to the last position; then one starts anew."""
    tokens = [(Tag(gen=pos % 2, slot=slot, pos=pos), heads(17 + slot)) for pos in range(DEPTH) for slot in range(SLOTS)]
    tokens += [(Tag(gen=1, slot=1, pos=pos), heads(18)) for pos in range(3)] + [(Tag(slot=2, pos=DEPTH - 1), heads(18))]
    await hold(dut, tokens, stall)


@cocotb.test()
async def extremes(dut):
    """Zeros, both ends of the range and spikes: saturated scores, the largest shifts, ties."""
    vectors = extreme_fx(WIDTH)
    await hold(
        dut, [(Tag(gen=1, slot=i // DEPTH, pos=i % DEPTH), vectors[i % len(vectors)]) for i in range(2 * DEPTH)], "none"
    )


@cocotb.test()
async def every_size(dut):
    """Random values of every length: every pair of shifts that a die meets."""
    await hold(
        dut, [(Tag(gen=1, slot=i // DEPTH, pos=i % DEPTH), heads(5 + 2 * i % 27)) for i in range(3 * DEPTH)], "none"
    )


@cocotb.test()
@cocotb.parametrize(sign=[1, -1])
async def scores_at_the_limit(dut, sign):
    """Scores beyond the 24 bits beside scores just inside: where exactly they are clamped decides the probabilities."""
    query = 16 << 16
    key = 2**11 * 2**16 / (16 * SHAPE.head_dim * score_constant(SHAPE) / 2**16)  # FX value that scores the limit, 2^11
    ones = np.ones(SHAPE.head_dim, dtype=np.int64)
    tokens = []
    for pos, part in enumerate([1.03, 0.9975, 1.5, 0.998][:DEPTH]):
        values = [random_fx(SHAPE.head_dim, 31) for _ in range(SHAPE.kv_heads)]
        keys = [ones * round(sign * part * key)] * SHAPE.kv_heads
        tokens.append((Tag(gen=1, pos=pos), np.concatenate([ones * query] * SHAPE.heads + keys + values)))
    await hold(dut, tokens, "none")


def scoring(score):
    """(q, k) of a head, FX, whose product is exactly this score before it is clamped."""
    n, constant = SHAPE.head_dim, score_constant(SHAPE)
    q_top, k_top = 2 ** (DIE.act_w - 1) - 1, 2 ** (DIE.kv_w - 1) - 1
    # The least sum of both shifts at which mantissas reach the score: there a step of their product is the finest.
    right = 36
    while abs(score) * 2**right > q_top * k_top * (n - 1) * constant:
        right -= 1
    dot = next(
        dot for dot in range(abs(score) * 2**right // constant - 2, 2**62) if rsr(dot * constant, right) >= abs(score)
    )
    dot = dot if score > 0 else -dot
    assert rsr(dot * constant, right) == score
    key = np.full(n, k_top)
    key[-1] = 1
    whole, rest = divmod(dot, k_top)
    query = np.append(np.full(n - 1, whole // (n - 1)), rest)
    query[: whole % (n - 1)] += 1
    shift = 36 - right  # of both together
    return query << shift // 2, key << (shift - shift // 2)


@cocotb.test()
async def scores_around_the_limits(dut):
    """The last score on either side that fits, and the first that does not."""
    tokens = [(Tag(gen=1), random_fx(WIDTH, 18))]
    for pos, score in enumerate((2**23 - 1, 2**23, -(2**23), -(2**23) - 1), 1):
        query, key = scoring(score)
        values = [random_fx(SHAPE.head_dim, 31) for _ in range(SHAPE.kv_heads)]
        tokens.append((Tag(gen=1, pos=pos), np.concatenate([query] * SHAPE.heads + [key] * SHAPE.kv_heads + values)))
    await hold(dut, tokens, "none")


@cocotb.test()
async def flips(dut):
    """A flipped bit of any KV head's keys and values is corrected and told, and no value changes; two are reported."""
    dut.layer_i.value = 0
    source, sink, golden, told = WatchedSource(dut), WatchedSink(dut), AttentionModel(), []

    async def watch():
        while True:
            await RisingEdge(dut.clk_i)
            told.extend(name for name in ("corrected", "failed") if int(getattr(dut, f"{name}_o").value))

    await reset(dut)
    tokens = [(Tag(gen=1, pos=pos), heads(18)) for pos in range(2)]
    for tag, x in tokens:
        source.send_vector(tag, x)
        await sink.expect_vector(tag, golden(tag, x))
    cocotb.start_soon(watch())
    memories = [*((head.u_k, "keys") for head in dut.gen_kv), *((head.u_v, "values") for head in dut.gen_kv)]
    for memory, name in [*memories, (dut.u_shift, "exponents")]:
        word = memory.gen_bank[0].u_sram.mem[0]
        before = word.value.to_unsigned()
        for bits, flag in ((1, "corrected"), (3, "failed")):
            word.value = before ^ bits
            source.send_vector(*tokens[1])
            if flag == "corrected":
                await sink.expect_vector(tag, golden(tag, x))
            else:
                await sink.receive(SHAPE.d_q // LANES)
            assert told == [flag], f"{told} for {flag} in {name}"
            cover.sample_flips(name, flag)
            told.clear()
        word.value = before


@cocotb.test()
@cocotb.parametrize(at=range(3))
async def reset_in_mid_token(dut, at):
    """A reset in every state, at the first, a middle and the last position: what comes after knows nothing of it."""
    dut.layer_i.value = 0
    source, sink = WatchedSource(dut), WatchedSink(dut)
    await reset(dut)
    broken = Tag(gen=1, slot=(0, 1, SLOTS - 1)[at], pos=(0, 2, DEPTH - 1)[at])
    for state in range(len(cover.STATES)):
        source.accepted = 0
        source.send_vector(broken, heads(18) if state else random_fx(LANES))
        while not (source.accepted and int(dut.state_q.value) == state):
            await FallingEdge(dut.clk_i)
        cover.sample_reset(state, broken, DIE)
        dut.rst_i.value = 1
        await ClockCycles(dut.clk_i, 2)
        dut.rst_i.value = 0
        await ClockCycles(dut.clk_i, 2)
        sink.beats.clear()
        golden = AttentionModel()
        for tag in (Tag(gen=1, slot=broken.slot), Tag(gen=1, slot=broken.slot, pos=1)):
            x = heads(18)
            source.send_vector(tag, x)
            await sink.expect_vector(tag, golden(tag, x))
    await sink.expect_silence()
