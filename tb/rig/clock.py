# SPDX-License-Identifier: Apache-2.0
"""The clock of a chip's bench: from the main program of the simulator where that makes one, else from cocotb."""

import cocotb
from cocotb.clock import Clock

PERIOD = 10  # ns


def arguments(simulator: str, waves: bool) -> tuple[str, ...]:
    """Plusargs of a run in which the simulator makes the clock (tb/rig/clocked.cpp), where it can: () elsewhere."""
    return () if simulator == "icarus" or waves else (f"+clock={1000 * PERIOD}",)


def start(clk) -> None:
    """Let the clock run, unless the simulator makes it."""
    if "clock" not in cocotb.plusargs:
        Clock(clk, PERIOD, unit="ns").start()
