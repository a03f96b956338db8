# SPDX-License-Identifier: Apache-2.0
"""A block of weight cells: for every column the sum over the rows of a span of code times activation."""

import cocotb
import numpy as np
from cocotb.triggers import RisingEdge

from models.die.shape import GROUP
from tb.evidence.coverage.points import block as cover
from tb.rig.beats import check, pack, unpack
from tb.rig.stream import reset

HELD = 2  # clocks from the last bits of a pass on the lines to its sums


class Block:
    """Drives the turns as a matrix does, back to back: the next fetch overlaps the last product bit, also of a pass."""

    def __init__(self, dut):
        self.dut = dut
        names = "BLOCK", "N", "SLICES", "ACT_W", "W_BITS", "BIT_LINES", "SPAN"
        self.rows, self.columns, self.slices, self.act_w, self.w_bits, self.bit_lines, self.span = (
            int(getattr(dut, name).value) for name in names
        )
        for name in ("load", "load_x", "fetch", "turn", "run", "fresh", "last", "hold", "via"):
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

    async def passes(self, gap):
        """Run all rows, ``gap`` clocks between two passes: the sums [columns] of each, as they are held in the end."""
        bits, turns = self.act_w + self.w_bits, self.span // self.bit_lines
        ahead = []  # of passes whose sums are still to come: clocks until they are held
        found = []
        steps = [{"fetch": 1, "turn": 0}]
        for turn in range(self.rows // self.bit_lines):
            fresh, final = int(turn % turns == 0), turn % turns == turns - 1
            steps += [{"run": 1, "fresh": fresh} for _ in range(bits)]
            steps[-1] |= {"last": 1, "hold": int(final)}
            if turn + 1 == self.rows // self.bit_lines:
                steps += [{}, {}]
            elif final and gap:
                steps += [{}] * (gap - 1) + [{"fetch": 1, "turn": turn + 1}]
            else:
                steps[-1] |= {"fetch": 1, "turn": turn + 1}
        for step in steps:
            await self.clock(**dict.fromkeys(("fetch", "run", "fresh", "last", "hold"), 0) | step)
            ahead = [clocks - 1 for clocks in ahead]
            if 0 in ahead:
                found.append(self.held())
            if step.get("hold"):
                ahead.append(HELD)
        return found

    def held(self):
        """The sums [columns] that the block holds."""
        width = self.act_w + self.w_bits + self.span.bit_length() - 1
        raw = unpack(int(self.dut.sum_o.value), self.columns * self.slices, width).astype(np.int64)
        slices = (raw & (1 << width) - 1).reshape(self.columns, self.slices) - (1 << width - 1)
        return (slices << self.w_bits * np.arange(self.slices)).sum(axis=1)


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
        for gap in (0, 3):
            await block.load(x)  # they have moved on
            found = await block.passes(gap)
            assert len(found) == block.rows // block.span
            for span, held in enumerate(found):
                at = slice(span * block.span, (span + 1) * block.span)
                cover.sample(block, span, x[at], q[at])
                check(held, x[at] @ q[at], f"span {span}, {gap} clocks between passes")
