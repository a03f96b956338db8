"""Starts the environment on a layer or a chip: the pyuvm tests of a module, all in one simulation."""

import os
import shutil
from pathlib import Path

from models.project import BUILD
from tb.chip.job import HIERARCHY, Chip
from tb.rig import runner
from tb.uvm.config import environment

PORTS = Path(__file__).with_name("ports.vlt")
WATCHDOG = 20_000  # clocks without a handshake anywhere, for the assertions


def run(chip: Chip, top: str, tests: str, *, simulator: str, only: str = "", view: str = "rom") -> Path:
    """Run the pyuvm tests of the module ``tests`` on ``top`` ('layer' or 'chip') of a chip; ``only`` filters by name.

    What tb.rig.runner.run returns and raises.
    """
    modules = [file for file in sorted(chip.hdl.glob("*.sv")) if file.name not in (*runner.PACKAGES, f"{top}.sv")]
    deep = top == "chip" and chip.ckpt.shape.layers >= HIERARCHY
    hierarchy = deep and simulator == "verilator" and not runner.coverage()
    trace = BUILD / "runs" / f"uvm-{top}-{chip.mask.name}-{simulator}-{os.getpid()}"  # runs of one test may overlap
    shutil.rmtree(trace, ignore_errors=True)
    trace.mkdir(parents=True)
    try:
        return runner.run(
            top,
            tests,
            simulator=simulator,
            name=f"uvm-{top}-{chip.name}",
            shape_pkg=chip.shape_pkg,
            plusargs=(f"+mask={chip.mask}", f"+trace={trace}", f"+watchdog={WATCHDOG}"),
            env=environment(chip, trace, view) | ({"COCOTB_TEST_FILTER": only} if only else {}),
            sources=(*([PORTS] if simulator == "verilator" else []), *modules),
            build_args=("--hierarchical",) if hierarchy else (),
            profile="small",
            hdl=chip.hdl,
        )
    finally:
        shutil.rmtree(trace)
