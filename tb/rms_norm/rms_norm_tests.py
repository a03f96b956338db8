# SPDX-License-Identifier: Apache-2.0
"""RMSNorm against the golden model."""

import itertools
import math
import os
from pathlib import Path

import cocotb
import numpy as np

from models.die.shape import norm_constants
from models.golden.rms_norm import RmsNorm
from models.golden.rsqrt import rsqrt
from tb.evidence.coverage.ends import WatchedSink, WatchedSource
from tb.evidence.coverage.points import rms_norm as cover
from tb.rig.beats import extreme_fx, random_fx, random_tag
from tb.rig.states import return_to_first
from tb.rig.stream import STALLS, reset
from tb.rms_norm.rms_norm_shape import shape_of


async def hold(dut, vectors, stall):
    n = int(dut.N.value)
    words = np.load(Path(cocotb.plusargs["mask"]) / "gains.npy")
    constants = norm_constants(shape_of(n, float(os.environ["EPS"])))
    golden = RmsNorm(words.astype(np.uint32).view(np.float32), constants)
    dut.id_i.value = int(os.environ["INSTANCE"])
    source, sink = WatchedSource(dut, stall=stall), WatchedSink(dut, stall=stall)
    await reset(dut)
    tags = [random_tag() for _ in vectors]
    for tag, x in zip(tags, vectors, strict=True):
        source.send_vector(tag, x)
    for tag, x in zip(tags, vectors, strict=True):
        out = golden(x[None])[0]
        cover.sample(x, words, constants[0], out)
        await sink.expect_vector(tag, out)
    await sink.expect_silence()


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def random_vectors(dut, stall):
    """Vectors of every third bit length: most block shifts and root exponents."""
    await hold(dut, [random_fx(int(dut.N.value), bits) for bits in range(2, 33, 3)], stall)


@cocotb.test()
async def extremes(dut):
    """Zeros (only the epsilon is left), lone spikes, both ends of the range, a spike of each height."""
    n = int(dut.N.value)
    spikes = []
    for bit in range(31):
        spike = np.zeros(n, dtype=np.int64)
        spike[bit % n] = (1 << bit + 1) - 1
        spikes.append(spike)
    await hold(dut, extreme_fx(n) + spikes, "none")


@cocotb.test()
async def halves(dut):
    """Vectors whose 1/rms is half way between two numbers, and just before: it rounds up, and does not."""
    n = int(dut.N.value)
    neps, sqn, _ = norm_constants(shape_of(n, float(os.environ["EPS"])))
    step = math.gcd(sqn, 0x8000)  # of what the product leaves; 0x8000: nothing ever
    vectors, pairs = [], itertools.combinations(range(32767, 0, -1), 2)
    for rest in (0x4000, 0x4000 - step) if step < 0x8000 else ():
        found = (pair for pair in pairs if rsqrt(pair[0] ** 2 + pair[1] ** 2 + neps)[0] * sqn % 0x8000 == rest)
        vectors += [np.array([*pair, *[0] * (n - 2)]) for pair in itertools.islice(found, 4)]
    await hold(dut, vectors, "none")


@cocotb.test()
async def illegal_states(dut):
    """From an encoding that is no state the machine comes back to its first one."""
    dut.id_i.value = int(os.environ["INSTANCE"])
    WatchedSource(dut), WatchedSink(dut)
    await reset(dut)
    await return_to_first(dut, states=9)
