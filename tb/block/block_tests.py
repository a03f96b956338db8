# SPDX-License-Identifier: Apache-2.0
"""A block of weight cells: for every column the sum over the rows of a span of code times activation."""

import cocotb
import numpy as np
from cocotb.triggers import RisingEdge

from models.die.shape import GROUP
from tb.evidence.coverage.points import block as cover
from tb.rig.beats import check, pack, unpack
from tb.rig.stream import reset


class Block:
    """Drives the row sequence as block_array_gate does, back to back: the next fetch overlaps the last product bit."""

    def __init__(self, dut):
        self.dut = dut
        names = "BLOCK", "N", "SLICES", "ACT_W", "W_BITS", "BIT_LINES", "SPAN", "SUM_W"
        self.rows, self.columns, self.slices, self.act_w, self.w_bits, self.bit_lines, self.span, self.sum_w = (
            int(getattr(dut, name).value) for name in names
        )
        for name in ("load", "load_x", "clear", "fetch", "run", "last", "turn", "via"):
            getattr(dut, f"{name}_i").value = 0

    def set_vias(self, q):
        """Codes [rows, columns] to via positions of every row, slice and column."""
        cells = np.stack([q >> self.w_bits * s & (1 << self.w_bits) - 1 for s in range(self.slices)], axis=1)
        self.dut.via_i.value = pack(cells.ravel(), self.w_bits)

    async def clock(self, **inputs):
        for name, value in inputs.items():
            getattr(self.dut, f"{name}_i").value = value
        await RisingEdge(self.dut.clk_i)

    async def load(self, x):
        """Mantissas [rows] into the block's activation registers, a group a clock beside what the others keep."""
        for group in range(self.rows // GROUP):
            decoys = np.where(np.arange(self.rows) // GROUP == group, x, ~x)
            await self.clock(load=1 << group, load_x=pack(decoys, self.act_w))
        self.dut.load_i.value = 0

    async def sums(self, span):
        """Run the rows of a span: sums [columns]."""
        await self.clock(clear=1)
        bits, turns = self.act_w + self.w_bits, self.span // self.bit_lines
        await self.clock(clear=0, fetch=1, turn=span * turns)
        for turn in range(span * turns, (span + 1) * turns):
            for bit in range(bits):
                last = bit == bits - 1
                more = last and turn % turns != turns - 1
                await self.clock(fetch=int(more), run=1, last=int(last), turn=turn + more)
        await self.clock(fetch=0, run=0, last=0)
        return unpack(int(self.dut.sum_o.value), self.columns, self.sum_w)


@cocotb.test()
async def view(dut):
    """Cells are switches in the switch view and gates in the other: no sum could tell."""
    switches = hasattr(dut.gen_column[0].gen_slice[0], "gen_switch")
    assert switches == (int(dut.VIEW.value) == 2)


@cocotb.test()
@cocotb.parametrize(kind=["zeros", "ones", "random", "sparse"])
async def sums(dut, kind):
    """Vias all at line 0, all at line 15, anywhere, and mostly at line 0; activations random and at both ends."""
    block = Block(dut)
    await reset(dut)
    rng = np.random.default_rng(cocotb.RANDOM_SEED)
    size, top = (block.rows, block.columns), 1 << block.w_bits * block.slices
    q = {
        "zeros": np.zeros(size, dtype=np.int64),
        "ones": np.full(size, top - 1),
        "random": rng.integers(0, top, size),
        "sparse": rng.integers(0, top, size) * (rng.random(size) < 0.3),
    }[kind]
    block.set_vias(q)
    high = 1 << (block.act_w - 1)
    ends = [np.full(block.rows, -high), np.tile([-high, high - 1], block.rows // 2)]
    for x in [*ends, rng.integers(-high, high, block.rows)]:
        await block.load(x)
        for span in range(block.rows // block.span):  # in this order: activations move on
            at = slice(span * block.span, (span + 1) * block.span)
            cover.sample(block, span, x[at], q[at])
            check(await block.sums(span), x[at] @ q[at], f"span {span}")
