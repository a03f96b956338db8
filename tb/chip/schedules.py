# SPDX-License-Identifier: Apache-2.0
"""In what order and how fast a host serves the conversations of a job."""

import random
from collections.abc import Callable, Coroutine

import cocotb
from cocotb.triggers import RisingEdge, Timer

from tb.chip.driver import PERIOD, ChipBench


async def in_turn(bench: ChipBench) -> None:
    """One after another, each alone."""
    for index in range(len(bench.job.conversations)):
        await bench.push(index)
        await bench.until_done()


async def together(bench: ChipBench) -> None:
    """Each as soon as its slot is free: those of other slots go on meanwhile."""
    waiting = list(range(len(bench.job.conversations)))
    while waiting:
        taken = set(bench.active)  # slots that are in use, or that an earlier conversation waits for
        for index in waiting[:]:
            slot = bench.job.conversations[index].slot
            if slot not in taken:
                waiting.remove(index)
                await bench.push(index)
            taken.add(slot)
        await bench.step()
    await bench.until_done()


async def hesitantly(bench: ChipBench) -> None:
    """Together, by a host that takes answers only now and then."""
    pick = random.Random(cocotb.RANDOM_SEED)

    async def stalls() -> None:
        while True:
            await Timer(PERIOD * pick.randrange(1, 4000), unit="ns")
            await RisingEdge(bench.dut.clk_i)
            bench.dut.stall_i.value = pick.random() < 0.5

    await beside(stalls, together(bench))
    await RisingEdge(bench.dut.clk_i)
    bench.dut.stall_i.value = 0


async def beside(disturbance: Callable[[], Coroutine], schedule: Coroutine) -> None:
    """A schedule, and beside it what goes on until it ends."""
    task = cocotb.start_soon(disturbance())
    await schedule
    task.cancel()
