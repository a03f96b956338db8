# SPDX-License-Identifier: Apache-2.0
"""Starts the environment on a layer or a chip: the pyuvm tests of a module, all in one simulation."""

from pathlib import Path

from tb.chip.job import BuiltChip
from tb.rig.record import Record
from tb.uvm.config import environment

PORTS = Path(__file__).with_name("ports.vlt")
WATCHDOG = 20_000  # clocks without a handshake anywhere, for the assertions


def run(chip: BuiltChip, top: str, tests: str, *, simulator: str, only: str = "", view: str = "rom") -> Record:
    """Run the pyuvm tests of the module ``tests`` on ``top`` ('layer' or 'chip') of a chip; ``only`` filters by name.

    What tb.rig.runner.run returns and raises.
    """
    with chip.folder(f"uvm-{top}-{simulator}") as trace:
        return chip.simulate(
            top,
            tests,
            simulator=simulator,
            trace=trace,
            sources=(PORTS,) if simulator == "verilator" else (),
            plusargs=(f"+watchdog={WATCHDOG}",),
            env=environment(chip, trace, view) | ({"COCOTB_TEST_FILTER": only} if only else {}),
            profile="small",
        )
