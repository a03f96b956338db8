# SPDX-License-Identifier: Apache-2.0
"""The embedding ROM against the golden model: a token in, its vector out."""

from pathlib import Path

import cocotb
import numpy as np

from models.golden.embedding import embedding
from tb.evidence.coverage.ends import WatchedSink, WatchedSource
from tb.evidence.coverage.points import embedding as cover
from tb.rig.beats import random_tag
from tb.rig.stream import STALLS, reset


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def every_token(dut, stall):
    """Every token of the vocabulary, in random order, some twice in a row."""
    case = dict(np.load(Path(cocotb.plusargs["mask"]) / "case.npz"))
    source, sink = WatchedSource(dut, ("tag", "token"), stall=stall), WatchedSink(dut, stall=stall)
    await reset(dut)
    order = np.random.default_rng(cocotb.RANDOM_SEED).permutation(int(dut.VOCAB.value))
    tokens = np.concatenate([order, order[-1:], order[:1]])
    tags = [random_tag() for _ in tokens]
    source.send(*((tag.pack(), int(token)) for tag, token in zip(tags, tokens, strict=True)))
    fields = {"cell_bits": "W_BITS", "slices": "SLICES", "span": "SPAN", "superblock": "SUPER"}
    before, geometry = None, {field: int(getattr(dut, name).value) for field, name in fields.items()}
    for tag, token, vector in zip(tags, tokens, embedding(tokens, **case), strict=True):
        cover.sample(token, before, case, geometry, vector)
        await sink.expect_vector(tag, vector)
        before = token
    await sink.expect_silence()
