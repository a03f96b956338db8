"""Matrix-vector product against the golden model, in every view and with its exact cycle count."""

import os
from pathlib import Path

import cocotb
import numpy as np

from models.golden.act_quantiser import act_quantiser
from models.golden.matrix import Matrix
from models.shape import GROUP
from tb.stream import STALLS, StreamSink, StreamSource, extreme_fx, random_fx, random_tag, reset

VIEW_ROM = 0
W_BITS = 4


class Bench:
    """The module beside its golden model."""

    def __init__(self, dut, stall):
        self.dut = dut
        self.serial = int(dut.VIEW.value) != VIEW_ROM  # ... and slow to simulate
        self.rows, self.act_w = int(dut.K.value), int(dut.ACT_W.value)
        case = np.load(Path(cocotb.plusargs["mask"]) / "case.npz")
        self.golden = Matrix(case["q"], case["d"], case["m"], self.act_w)
        dut.id_i.value = int(os.environ["INSTANCE"])
        self.source, self.sink = StreamSource(dut, stall=stall), StreamSink(dut, stall=stall)

    async def hold(self, vectors):
        """Send all vectors and hold what comes against the golden model."""
        tags = [random_tag() for _ in vectors]
        for tag, x in zip(tags, vectors, strict=True):
            self.source.send_vector(tag, x)
        for tag, x in zip(tags, vectors, strict=True):
            await self.sink.expect_vector(tag, self.golden(*act_quantiser(x, self.act_w)))
        await self.sink.expect_silence()


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def random_vectors(dut, stall):
    """Random vectors whose blocks differ in size."""
    bench = Bench(dut, stall)
    await reset(dut)
    blocks, count = bench.rows // GROUP, 1 if bench.serial else 8
    await bench.hold([np.concatenate([random_fx(GROUP) for _ in range(blocks)]) for _ in range(count)])


@cocotb.test()
async def extremes(dut):
    """Directed vectors: zeros, both ends of the range, spikes."""
    bench = Bench(dut, "none")
    await reset(dut)
    vectors = extreme_fx(bench.rows)
    await bench.hold([vectors[5], vectors[-1]] if bench.serial else vectors)


@cocotb.test()
async def clocks(dut):
    """A vector takes exactly the clocks that its geometry asks for, the same ones in every view.

    From the last beat in to the first beat out: three clocks of hand-over, then for each pass of the blocks 32 rows and
    two clocks of hand-over, and a clock for each group's drain. The serial views take one more a pass: the first row's
    activation is fetched before its first product bit.
    """
    bench = Bench(dut, "none")
    await reset(dut)
    bench.source.send_vector(random_tag(), random_fx(bench.rows))
    groups, passes = bench.rows // GROUP, min(int(dut.BLOCK.value), bench.rows) // GROUP
    row = bench.act_w + W_BITS if bench.serial else int(dut.ROW_CLKS.value)
    await bench.sink.receive(1)
    taken = bench.sink.accepted_at - bench.source.accepted_at
    expected = passes * (GROUP * row + 2 + bench.serial) + groups + 1
    assert taken == expected, f"{taken} clocks for {expected}"
