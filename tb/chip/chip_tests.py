# SPDX-License-Identifier: Apache-2.0
"""cocotb tests of the whole chip: conversations in, answers out, every stage against the golden model."""

import cocotb

from tb.chip.driver import run
from tb.chip.schedules import hesitantly, in_turn


@cocotb.test()
async def one_after_another(dut) -> None:
    """Conversations one after another, each alone on the chip."""
    await run(dut, in_turn)


@cocotb.test()
async def interleaved(dut) -> None:
    """All slots at once, prompts pushed while others answer, and the host taking answers only now and then."""
    await run(dut, hesitantly)
