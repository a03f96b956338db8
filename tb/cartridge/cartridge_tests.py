# SPDX-License-Identifier: Apache-2.0
"""cocotb tests of the die behind its host port: many users at once, every stage against the golden model."""

import cocotb

from tb.cartridge.driver import DieBench, Stopping
from tb.cartridge.flips import Flips
from tb.cartridge.production import ProductionBench
from tb.cartridge.soak import Soak
from tb.cartridge.talk import Talk
from tb.cartridge.upsets import Upsets
from tb.chip import schedules
from tb.chip.driver import run


@cocotb.test()
async def one_after_another(dut) -> None:
    """Conversations one after another, each alone on the die."""
    await run(dut, schedules.in_turn, DieBench)


@cocotb.test()
async def together(dut) -> None:
    """All slots at once, as fast as the die takes them."""
    await run(dut, schedules.together, DieBench)


@cocotb.test()
async def interleaved(dut) -> None:
    """All slots at once, and a host that takes answers only now and then."""
    await run(dut, schedules.hesitantly, DieBench)


@cocotb.test()
async def stopped(dut) -> None:
    """All slots at once; the host stops every answer."""
    await run(dut, schedules.together, Stopping)


@cocotb.test()
async def flips(dut) -> None:
    """Conversations one after another, while bits flip in SRAMs."""
    await run(dut, Flips.conversations, Flips)


@cocotb.test()
async def production(dut) -> None:
    """The production test, through the host port alone."""
    await run(dut, ProductionBench.test, ProductionBench)


@cocotb.test()
async def conversation(dut) -> None:
    """A user at the terminal."""
    await run(dut, Talk.talk, Talk)


@cocotb.test()
async def soaked(dut) -> None:
    """Users of every kind, without an end but that of the job's tokens."""
    await run(dut, Soak.users, Soak)


@cocotb.test()
async def upsets(dut) -> None:
    """Users all at once, and flip-flops that turn over."""
    await run(dut, Upsets.campaign, Upsets)
