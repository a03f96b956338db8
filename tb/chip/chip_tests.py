"""cocotb tests of the whole chip: conversations in, answers out, every stage against the golden model."""

import random

import cocotb
from cocotb.triggers import RisingEdge, Timer

from tb.chip.driver import PERIOD, Bench, run
from tb.chip.flips import flip


@cocotb.test()
async def one_after_another(dut) -> None:
    """Conversations one after another, each alone on the chip."""

    async def schedule(bench: Bench) -> None:
        for index in range(len(bench.job.conversations)):
            await bench.push(index)
            await bench.until_done()

    await run(dut, schedule)


@cocotb.test()
async def interleaved(dut) -> None:
    """All slots at once, prompts pushed while others answer, and the host taking answers only now and then."""
    pick = random.Random(cocotb.RANDOM_SEED)

    async def stalls(bench: Bench) -> None:
        while True:
            await Timer(PERIOD * pick.randrange(1, 4000), unit="ns")
            await RisingEdge(bench.dut.clk_i)
            bench.dut.stall_i.value = pick.random() < 0.5

    async def schedule(bench: Bench) -> None:
        waiting = list(range(len(bench.job.conversations)))
        host = cocotb.start_soon(stalls(bench))
        while waiting:
            if bench.job.conversations[waiting[0]].slot in bench.active:
                await bench.step()
            else:
                await bench.push(waiting.pop(0))
        await bench.until_done()
        host.cancel()
        await RisingEdge(bench.dut.clk_i)
        bench.dut.stall_i.value = 0

    await run(dut, schedule)


@cocotb.test()
async def flips(dut) -> None:
    """One after another, while single bits flip in the KV cache and in the adapters."""
    pick = random.Random(cocotb.RANDOM_SEED)

    async def particles(bench: Bench) -> None:
        while True:
            await Timer(PERIOD * pick.randrange(20, 200), unit="ns")
            flip(bench, pick)

    async def schedule(bench: Bench) -> None:
        source = cocotb.start_soon(particles(bench))
        for index in range(len(bench.job.conversations)):
            await bench.push(index)
            await bench.until_done()
        source.cancel()

    await run(dut, schedule)
