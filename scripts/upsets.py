# SPDX-License-Identifier: Apache-2.0
"""``make upsets``: COUNT upsets of a tiny die's flip-flops, drawn by SEED over all its modules, and what each did.

Users answer through the host port meanwhile; every stage and answer is held against the golden model (docs/upsets.md).
UPSET=n does one of them once more, with WAVES=1 in waves. WATCHDOG=0 has hosts that do nothing against what hangs.
"""

import os
import sys

from rich.console import Console

from scripts.campaign import upsets_report
from scripts.cli.command import again, command
from scripts.cli.files import RESULTS, write
from scripts.cli.parameters import COUNT, JOBS, SEED, SIM, UPSET, VIEW, WATCHDOG, WAVES
from tb.cartridge.upset_die import UpsetDie
from tb.evidence.upsets.upset import draw
from tb.rig import toolchain


@command("upsets", COUNT, SEED, SIM, VIEW, UPSET, WATCHDOG, JOBS, WAVES)
def main(
    *,
    count: int,
    seed: int,
    sim: str,
    view: str,
    upset: int | None,
    watchdog: str,
    jobs: int | None,
    waves: str,
) -> int:
    """Build the die, turn bits over, report."""
    simulator = sim or "verilator"
    toolchain.require(simulator)
    die, console = UpsetDie.of(view), Console()
    every = die.flops()
    drawn = draw(every, seed, count if upset is None else upset + 1)
    what = {"simulator": simulator, "watched": watchdog != "0", "replay": again()}
    if upset is not None:
        os.environ["WAVES"] = waves
        (outcome,) = die.hit(drawn[-1:], **what)
        console.print(f"{drawn[-1]}, clock {outcome.clock}: {outcome.kind}", outcome, sep="\n", highlight=False)
        return 0
    console.print(f"{len(every):,} registers, {toolchain.describe(simulator)}, {view} view, seed {seed}")
    outcomes = die.hit(drawn, jobs=jobs or os.cpu_count(), echo=f"{count:,} upsets", **what)
    found = {"seed": seed, "simulator": toolchain.describe(simulator), "view": view, "watched": what["watched"]}
    found |= upsets_report.figures(every, drawn, outcomes)
    write(RESULTS / "upsets.json", found)
    upsets_report.draw(found, RESULTS / "upsets.svg")
    upsets_report.show(console, found)
    return 0


if __name__ == "__main__":
    sys.exit(main(argv=sys.argv[1:]))
