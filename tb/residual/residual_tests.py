# SPDX-License-Identifier: Apache-2.0
"""Residual addition against the golden model: combinational, two streams joined into one."""

import itertools

import cocotb
from cocotb.triggers import Timer

from models.die.shape import LANES
from models.golden.residual import residual
from tb.evidence.coverage.points import residual as cover
from tb.rig.beats import check, extreme_fx, pack, random_fx, random_tag, unpack


async def hold(dut, skip, branch):
    dut.skip_data_i.value, dut.data_i.value = pack(skip), pack(branch)
    await Timer(1, "ns")
    out = residual(skip, branch)
    cover.sample(skip, branch, out)
    check(unpack(int(dut.data_o.value), LANES), out, "sum")


@cocotb.test()
async def sums(dut):
    """Random values of every length, and all pairs of extremes: saturation at both ends."""
    for bits in range(2, 33):
        for _ in range(4):
            await hold(dut, random_fx(LANES, bits), random_fx(LANES))
    for skip, branch in itertools.product(extreme_fx(LANES), repeat=2):
        await hold(dut, skip, branch)


@cocotb.test()
async def tags(dut):
    """The sum has the skip's tag, or the branch's if that alone is whole; what is not of one whole tag is told with the
    beat that moves."""
    dut.skip_data_i.value = dut.data_i.value = 0
    offers = list(itertools.product((0, 1), repeat=3))
    for _ in range(20):
        tag, other = random_tag(), random_tag()
        torn = tag.broken()
        for skip, branch, out in (
            (tag, tag, tag),
            (tag, other, tag),
            (tag, torn, tag),
            (torn, tag, tag),
            (torn, torn, torn),
        ):
            dut.skip_tag_i.value, dut.tag_i.value = skip.pack(), branch.pack()
            for dut.skip_valid_i.value, dut.valid_i.value, dut.ready_i.value in offers:
                await Timer(1, "ns")
                moves = int(dut.valid_o.value) and int(dut.ready_i.value)
                assert int(dut.parted_o.value) == bool(moves and (skip, branch) != (tag, tag)), (skip, branch)
                assert int(dut.tag_o.value) == out.pack(), (skip, branch)


@cocotb.test()
async def handshake(dut):
    """A beat moves on all three streams in the same clock, or on none."""
    for skip, branch, ready in itertools.product((0, 1), repeat=3):
        cover.sample_handshake(skip, branch, ready)
        dut.skip_valid_i.value, dut.valid_i.value, dut.ready_i.value = skip, branch, ready
        await Timer(1, "ns")
        moves = skip and branch and ready
        assert int(dut.valid_o.value) == (skip and branch)
        assert (skip and int(dut.skip_ready_o.value)) == moves
        assert (branch and int(dut.ready_o.value)) == moves
