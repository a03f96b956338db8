# SPDX-License-Identifier: Apache-2.0
"""Matrix-vector product against the golden model, in every view and with its exact cycle count."""

import os
from pathlib import Path

import cocotb
import numpy as np

from models.die.shape import GROUP
from models.golden.act_quantiser import act_quantiser
from models.golden.matrix import Matrix
from tb.evidence.coverage.ends import WatchedSink, WatchedSource
from tb.evidence.coverage.points import matrix as cover
from tb.rig.beats import extreme_fx, random_fx, random_tag
from tb.rig.stream import STALLS, reset

VIEW_ROM = 0


class MatrixBench:
    """The module beside its golden model."""

    def __init__(self, dut, stall):
        self.dut = dut
        self.serial = int(dut.VIEW.value) != VIEW_ROM  # ... and slow to simulate
        self.rows, self.act_w = int(dut.K.value), int(dut.ACT_W.value)
        self.case = dict(np.load(Path(cocotb.plusargs["mask"]) / "case.npz"))
        self.golden = Matrix(**self.case, act_w=self.act_w)
        dut.id_i.value = int(os.environ["INSTANCE"])
        dut.write_valid_i.value = dut.write_i.value = 0
        self.source, self.sink = WatchedSource(dut, stall=stall), WatchedSink(dut, stall=stall)

    async def hold(self, vectors):
        """Send all vectors and hold what comes against the golden model."""
        tags = [random_tag() for _ in vectors]
        for tag, x in zip(tags, vectors, strict=True):
            self.source.send_vector(tag, x)
        for tag, x in zip(tags, vectors, strict=True):
            mantissas, shifts = act_quantiser(x, self.act_w)
            out = self.golden(mantissas, shifts)
            cover.sample(self.dut, self.case, mantissas, shifts, out)
            await self.sink.expect_vector(tag, out)
        await self.sink.expect_silence()


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def random_vectors(dut, stall):
    """Random vectors whose blocks differ in size."""
    bench = MatrixBench(dut, stall)
    await reset(dut)
    blocks, count = bench.rows // GROUP, 1 if bench.serial else 8
    await bench.hold([np.concatenate([random_fx(GROUP) for _ in range(blocks)]) for _ in range(count)])


@cocotb.test()
async def extremes(dut):
    """Directed vectors: zeros, both ends of the range, spikes."""
    bench = MatrixBench(dut, "none")
    await reset(dut)
    vectors = extreme_fx(bench.rows)
    await bench.hold([vectors[5], vectors[-1]] if bench.serial else vectors)


@cocotb.test()
async def sizes(dut):
    """Groups of unlike size side by side: the smallest shift beside the largest, and in the fast view every shift."""
    bench = MatrixBench(dut, "none")
    await reset(dut)
    groups = bench.rows // GROUP
    ladders = [[12 + (i + 20 * g) % 21 for g in range(groups)] for i in range(21)]
    if bench.serial:
        ladders = [[(12, 32, 22)[g % 3] for g in range(groups)]]
    await bench.hold([np.concatenate([random_fx(GROUP, bits) for bits in ladder]) for ladder in ladders])


@cocotb.test()
async def clocks(dut):
    """A vector takes exactly the clocks that its geometry asks for, the same ones in every view.

    From the last beat in to the first beat out: two of the quantiser; the turns of the first pass; for each other one
    its turns or the drain beneath them, whichever is longer; the last drain; and what comes behind, counters and
    scaling units, two clocks of hand-over and one to read. A drain has as many clocks for each block as columns share
    a unit.
    """
    bench = MatrixBench(dut, "none")
    await reset(dut)
    bench.source.send_vector(random_tag(), random_fx(bench.rows))
    span, block = int(dut.SPAN.value), int(dut.BLOCK.value)
    passes, blocks = min(block, bench.rows) // span, -(-bench.rows // block)
    turn = bench.act_w + int(dut.W_BITS.value) if bench.serial else int(dut.TURN_CLKS.value)
    turns, drain = span // int(dut.BIT_LINES.value) * turn, blocks * int(dut.SHARE.value)
    behind = (6 if int(dut.OFFSET.value) else 8) + (2 if int(dut.SUPER.value) else 0)
    await bench.sink.receive(1)
    taken = bench.sink.accepted_at - bench.source.accepted_at
    expected = 2 + turns + (passes - 1) * max(turns, drain) + drain + behind + 3
    assert taken == expected, f"{taken} clocks for {expected}"
