# SPDX-License-Identifier: Apache-2.0
"""The scaling units of a matrix: sums of spans that drain one after another, each column with its own scales."""

import os
from pathlib import Path

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles, RisingEdge, Timer

from models.die.cycles import INTEGERS, SCALE, SYMMETRIC
from models.die.shape import GROUP, LANES
from models.golden.fixed_point import rsr, sat32, scaled_half
from tb.evidence.coverage.points import scale_drain as cover
from tb.rig.beats import check, pack, unpack
from tb.rig.stream import reset


class Drain:
    """Drives the module as a matrix does, beside what it adds up."""

    def __init__(self, dut):
        self.dut = dut
        names = "K", "N", "SPAN", "SUPER", "SHARE", "ACT_W", "SLICES", "W_BITS"
        self.inputs, self.columns, self.span, self.superblock, self.share, self.act_w, self.slices, self.w_bits = (
            int(getattr(dut, name).value) for name in names
        )
        case = dict(np.load(Path(cocotb.plusargs["mask"]) / "case.npz"))
        scales = [scaled_half(case[name]).astype(np.int64) for name in "dm"]
        self.d, self.m = (np.repeat(words.T, self.inputs // self.span // words.shape[1], axis=0) for words in scales)
        self.s, self.n = (case.get(name, np.ones_like(self.d.T)).T.astype(np.int64) for name in "sn")
        self.offset = int(dut.OFFSET.value)
        self.clocks = (SYMMETRIC if self.offset else SCALE) + (INTEGERS if self.superblock else 0)
        dut.id_i.value = int(os.environ["INSTANCE"])
        for name in ("drain", "first", "span", "part", "shift", "sum", "xsum", "beat"):
            getattr(dut, f"{name}_i").value = 0

    async def hold(self, slices, xsums, shifts):
        """Drain ``slices`` [spans, columns, slices] with ``xsums`` and ``shifts`` [spans], and hold the readout."""
        width = len(self.dut.sum_i) // self.columns // self.slices
        sums = (slices << self.w_bits * np.arange(self.slices)).sum(axis=2)
        total = np.zeros(self.columns, dtype=object)
        order = np.random.default_rng(cocotb.RANDOM_SEED).permutation(len(sums))
        for span in order:
            shift, xsum = int(shifts[span]), int(xsums[span])
            part = self.d[span] * (self.s[span] * sums[span]) + self.m[span] * (self.n[span] * xsum)
            total += rsr(part, shift)
            cover.sample(self, int(span), self.s[span], self.n[span])
            for column in range(self.share):
                self.dut.drain_i.value, self.dut.first_i.value = 1, int(span == order[0])
                self.dut.span_i.value, self.dut.part_i.value = int(span), column
                self.dut.shift_i.value, self.dut.xsum_i.value = shift, xsum
                self.dut.sum_i.value = pack(slices[span].ravel() + (1 << width - 1), width)
                await RisingEdge(self.dut.clk_i)
        self.dut.drain_i.value = 0
        await ClockCycles(self.dut.clk_i, self.clocks)
        out = sat32(rsr(total, self.act_w - 8)).astype(np.int64)
        for beat in range(self.columns // LANES):
            self.dut.beat_i.value = beat
            await Timer(1, "ns")
            at = slice(beat * LANES, (beat + 1) * LANES)
            check(unpack(int(self.dut.y_o.value), LANES), out[at], f"beat {beat}")


@cocotb.test()
async def drains(dut):
    """Sums of random codes and activations and those at both ends, every shift; the spans in any order, since a matrix
    has its own.
    """
    drain = Drain(dut)
    await reset(dut)
    rng = np.random.default_rng(cocotb.RANDOM_SEED)
    spans, top, high = drain.inputs // drain.span, 1 << drain.w_bits, 1 << drain.act_w - 1
    for trial in range(max(6, 16 // spans)):
        x = rng.integers(-high, high, (spans, drain.span)) >> int(rng.integers(0, 12))
        codes = rng.integers(0, top, (spans, drain.columns, drain.slices, drain.span))
        if trial < 4:
            x[:], codes[:] = (high - 1, -high)[trial % 2], (top - 1, 0)[trial // 2]
        shifts = np.repeat(rng.integers(0, 33 - drain.act_w, drain.inputs // GROUP), GROUP // drain.span)
        await drain.hold(np.einsum("scij,sj->sci", codes, x), x.sum(axis=1), shifts)
