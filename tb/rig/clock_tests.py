# SPDX-License-Identifier: Apache-2.0
"""When what Python writes is there: for the clock that a simulator's main program makes."""

import random

import cocotb
from cocotb.triggers import FallingEdge, Timer

from tb.rig import clock


@cocotb.test()
async def a_value_is_there_when_it_is_written(dut) -> None:
    """A counter counts the clocks while it is enabled, though Python sleeps through them, whatever woke it before."""
    dut.en_i.value = 0
    clock.start(dut.clk_i)
    await FallingEdge(dut.clk_i)
    clocks = 0
    for _ in range(50):
        await Timer(clock.PERIOD * random.randint(1, 5), unit="ns")
        if random.randrange(2):
            await FallingEdge(dut.clk_i)
        dut.en_i.value = 1
        counted = random.randint(1, 5)
        await Timer(clock.PERIOD * counted, unit="ns")
        dut.en_i.value = 0
        clocks += counted
        await Timer(clock.PERIOD, unit="ns")
        assert int(dut.count_o.value) == clocks
