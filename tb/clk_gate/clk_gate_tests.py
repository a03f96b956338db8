# SPDX-License-Identifier: Apache-2.0
"""The clock gate: whole pulses only, whatever the enables do and whenever."""

import random

import cocotb
from cocotb.triggers import Edge, Timer

from tb.evidence.coverage.points import clk_gate as cover


@cocotb.test()
async def whole_pulses(dut):
    """The enable moves in both phases of the clock; a pulse comes whole if it was high as the clock rose."""
    edges = []

    async def watch():
        while True:
            await Edge(dut.clk_o)
            edges.append(int(dut.clk_i.value))

    dut.clk_i.value, dut.en_i.value, dut.test_en_i.value = 0, 0, 0
    await Timer(1, "ns")
    cocotb.start_soon(watch())
    pulses = enabled = 0
    for _ in range(300):
        for _ in range(random.randint(0, 3)):  # in the low phase: only the last value counts
            dut.en_i.value = random.getrandbits(1)
            await Timer(1, "ns")
            assert int(dut.clk_o.value) == 0, "a pulse while the clock is low"
        before, enabled, later = enabled, int(dut.en_i.value), []
        pulses += enabled
        dut.clk_i.value = 1
        await Timer(1, "ns")
        assert int(dut.clk_o.value) == enabled, "the pulse does not follow the enable at the rising edge"
        for _ in range(random.randint(0, 3)):  # in the high phase: without effect
            later.append(random.getrandbits(1))
            dut.en_i.value = later[-1]
            await Timer(1, "ns")
            assert int(dut.clk_o.value) == enabled, "the enable cut or made a pulse"
        cover.sample(before, enabled, later)
        dut.clk_i.value = 0
        await Timer(1, "ns")
        assert int(dut.clk_o.value) == 0, "the pulse outlasts the clock"
    assert len(edges) == 2 * pulses, f"{len(edges)} edges for {pulses} pulses"
    assert 0 < pulses < 300


@cocotb.test()
async def test_mode(dut):
    """With the test enable every clock passes, whatever the other enable says; it counts in the low phase only."""
    dut.clk_i.value = 0
    for _ in range(100):
        test, enable = random.getrandbits(1), random.getrandbits(1)
        dut.test_en_i.value, dut.en_i.value = test, enable
        await Timer(1, "ns")
        dut.clk_i.value = 1
        await Timer(1, "ns")
        assert int(dut.clk_o.value) == (test | enable), f"test enable {test}, enable {enable}"
        dut.test_en_i.value = 1 - test
        await Timer(1, "ns")
        assert int(dut.clk_o.value) == (test | enable), "the test enable cut or made a pulse"
        dut.clk_i.value = 0
        await Timer(1, "ns")
        assert int(dut.clk_o.value) == 0, "the pulse outlasts the clock"
