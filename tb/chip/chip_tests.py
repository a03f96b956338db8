"""cocotb tests of the whole chip: conversations in, answers out, every stage against the golden model."""

import random

import cocotb
from cocotb.triggers import Timer

from tb.chip.driver import PERIOD, Bench, run
from tb.chip.flips import flip
from tb.chip.schedules import beside, hesitantly, in_turn


@cocotb.test()
async def one_after_another(dut) -> None:
    """Conversations one after another, each alone on the chip."""
    await run(dut, in_turn)


@cocotb.test()
async def interleaved(dut) -> None:
    """All slots at once, prompts pushed while others answer, and the host taking answers only now and then."""
    await run(dut, hesitantly)


@cocotb.test()
async def flips(dut) -> None:
    """One after another, while single bits flip in the KV cache and in the adapters."""
    pick = random.Random(cocotb.RANDOM_SEED)

    async def schedule(bench: Bench) -> None:
        async def particles() -> None:
            while True:
                await Timer(PERIOD * pick.randrange(20, 200), unit="ns")
                flip(bench, pick)

        await beside(particles, in_turn(bench))

    await run(dut, schedule)
