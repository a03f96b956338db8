"""cocotb tests of the die behind its host port: many users at once, every stage against the golden model."""

import random

import cocotb
from cocotb.triggers import RisingEdge, Timer

from tb.cartridge.driver import Bench
from tb.cartridge.talk import Talk
from tb.chip.driver import PERIOD, run


async def serve(bench: Bench) -> None:
    """All conversations in their order, each as soon as its slot is free: those of other slots go on meanwhile."""
    waiting = list(range(len(bench.job.conversations)))
    while waiting:
        free = [index for index in waiting if bench.job.conversations[index].slot not in bench.active]
        ahead: set[int] = set()  # slots that an earlier conversation waits for
        for index in waiting[:]:
            slot = bench.job.conversations[index].slot
            if index in free and slot not in ahead and slot not in bench.active:
                waiting.remove(index)
                await bench.push(index)
            ahead.add(slot)
        await bench.step()
    await bench.until_done()


@cocotb.test()
async def one_after_another(dut) -> None:
    """Conversations one after another, each alone on the die."""

    async def schedule(bench: Bench) -> None:
        for index in range(len(bench.job.conversations)):
            await bench.push(index)
            await bench.until_done()

    await run(dut, schedule, Bench)


@cocotb.test()
async def together(dut) -> None:
    """All slots at once, as fast as the die takes them."""
    await run(dut, serve, Bench)


@cocotb.test()
async def interleaved(dut) -> None:
    """All slots at once, prompts at random moments, and a host that takes answers only now and then."""
    pick = random.Random(cocotb.RANDOM_SEED)

    async def stalls(bench: Bench) -> None:
        while True:
            await Timer(PERIOD * pick.randrange(1, 4000), unit="ns")
            await RisingEdge(bench.dut.clk_i)
            bench.dut.stall_i.value = pick.random() < 0.5

    async def schedule(bench: Bench) -> None:
        host = cocotb.start_soon(stalls(bench))
        await serve(bench)
        host.cancel()
        await RisingEdge(bench.dut.clk_i)
        bench.dut.stall_i.value = 0

    await run(dut, schedule, Bench)


@cocotb.test()
async def conversation(dut) -> None:
    """A user at the terminal."""
    await run(dut, Talk.talk, Talk)
