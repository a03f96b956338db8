# SPDX-License-Identifier: Apache-2.0
"""cocotb tests that pass, fail, or find something, as the environment says: for what the runner records of them."""

import os
import signal

import cocotb
from cocotb.triggers import Timer

from models.golden.stage import Stage
from tb.oracle.finding import Divergence, Finding
from tb.oracle.place import Place

DIVERGENCE = Divergence(Place(1, 2, 0, Stage.DOWN), 7, 3, -4, 5)


@cocotb.test(expect_error=ValueError)
async def expected(dut) -> None:
    """What an earlier test finds is not why a later one fails."""
    await Timer(5, unit="ns")
    Finding("expected", accepted_ns=1.0).leave()
    raise ValueError("expected")


@cocotb.test()
async def as_asked(dut) -> None:
    """Ends as the environment says."""
    await Timer(20, unit="ns")
    match os.environ["END"]:
        case "divergence":
            Finding(str(DIVERGENCE), DIVERGENCE, 12.0).leave()
            raise AssertionError(str(DIVERGENCE))
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "terminate":
            os.kill(os.getpid(), signal.SIGTERM)
            await Timer(20, unit="ns")
        case "words":
            raise AssertionError("lane 3: 7 for 8\nand more")
