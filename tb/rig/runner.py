# SPDX-License-Identifier: Apache-2.0
"""Runs a cocotb module on a top level, built first: the one way every bench starts a simulator."""

import os
import re
import shlex
import signal
import tempfile
import time
from pathlib import Path
from xml.etree import ElementTree

from models import space
from models.errors import InputError
from models.project import HDL
from tb.evidence import assertions
from tb.oracle import finding
from tb.rig import folders, record, toolchain
from tb.rig.build import BuildError, Design, build
from tb.rig.engines import engine
from tb.rig.record import FAILED, PASSED, STOPPED, UNBUILT, Record, RunError


def simulators() -> list[str]:
    """The simulators to test on: that of the environment variable SIM, or both."""
    return [os.environ["SIM"]] if os.environ.get("SIM") else ["verilator", "icarus"]


def default_seed() -> int:
    """The seed of everything random: that of the environment variable SEED, or 1. InputError if that is no number."""
    given = os.environ.get("SEED") or "1"
    if not given.isdecimal():
        raise InputError(f"{given!r} is no number", "SEED", "leave it out for 1")
    return int(given)


def check_settings() -> None:
    """InputError if the environment asks for what no run could have, or Python leaves out assertions."""
    default_seed()
    if given := os.environ.get("SIM"):
        toolchain.require(given)
    if not __debug__:
        raise InputError("Python runs without assertions", "PYTHONOPTIMIZE or -O", "run it with them")


def traced() -> bool:
    """Whether the user asks for waves, by the environment variable WAVES."""
    return os.environ.get("WAVES", "0") not in ("", "0")


def coverage() -> bool:
    """Whether runs leave coverage, in the folder that the environment variable COVERAGE_DIR names."""
    return bool(os.environ.get("COVERAGE_DIR"))


def run(
    top: str,
    tests: str,
    *,
    simulator: str,
    parameters: dict[str, object] | None = None,
    shape_pkg: Path | None = None,
    plusargs: tuple[str, ...] = (),
    env: dict[str, str] | None = None,
    seed: int | None = None,
    waves: bool = False,
    build_args: tuple[str, ...] = (),
    sources: tuple[Path, ...] = (),
    profile: str = "unit",
    replay: str | None = None,
    hdl: Path = HDL,
) -> Record:
    """Build ``top`` unless it is built already, and run the cocotb tests on it.

    Args:
        top: module of hdl/, or of ``sources``.
        tests: dotted path of the module with the cocotb tests.
        simulator: 'verilator' or 'icarus'.
        parameters: of the top level; a number of another width than 32 bits as text, "16'd12".
        shape_pkg: the file with ``shape_pkg``, which only ``layer`` and ``chip`` need.
        plusargs: for the simulation, '+mask=DIR' among them.
        env: environment variables for the tests.
        seed: of all random stimulus; None: ``default_seed()``.
        waves: leave a trace; so does the environment variable WAVES=1.
        build_args: further arguments of the simulator's compiler.
        sources: further files, compiled before the top: SystemVerilog, or Verilator's .vlt.
        profile: 'unit' builds fast, every signal public; 'chip' runs fast, only what a .vlt file names is public;
            'small' is that for a chip of few weights, which is built longer than it runs; 'gates' for one whose cells
            are gates, which is built longer still.
        replay: the command that does this run again; None: the one that runs the current test.
        hdl: the folder of the RTL.

    Returns:
        The record of the run. Its folder, below that of the build, has results.xml, the trace, what the tests write.

    Raises:
        InputError: the simulator is not there, or the disk is full.
        RunError: the build failed, the simulator failed, or not at least one test ran and all of them passed.
    """
    toolchain.require(simulator)
    seed = default_seed() if seed is None else seed
    waves = waves or traced()
    measured = coverage() and hdl == HDL and not waves
    counted = measured and simulator == "verilator"
    design = Design(
        top, simulator, parameters or {}, shape_pkg, tuple(sources), hdl, profile, build_args, waves, counted
    )
    this = _begin(design, seed, replay)
    print(f"{this.test}: {simulator}, seed {seed}; replay: {this.replay}", flush=True)
    try:
        this.build_seconds = build(design)
    except BuildError as refused:
        this.verdict, this.problem = UNBUILT, str(refused)
        this.write()
        raise RunError(this) from None
    if this.build_seconds:
        print(f"built in {this.build_seconds:.1f} s", flush=True)
    this.write()
    env = env or {}
    if measured:
        kept = _coverage_folder(this)
        plusargs = (*plusargs, f"+verilator+coverage+file+{kept / 'code.dat'}")
        env = env | {"FUNCTIONAL": str(kept / "functional.yml")}
    _simulate(this, design, tests, plusargs, env)
    if this.problem and space.is_full(Path(this.folder)):
        raise space.exhausted(Path(this.folder))  # of which it failed, whatever it says
    this.write()
    if this.verdict != PASSED:
        raise RunError(this)
    return this


def _begin(design: Design, seed: int, replay: str | None) -> Record:
    """The record of a run that begins, in an empty folder."""
    test = record.current_test() or design.top
    this = Record(
        test=test,
        bench=design.top,
        simulator=design.simulator,
        seed=seed,
        replay=replay or f"make waves TEST={shlex.quote(test)} SEED={seed} SIM={design.simulator}",
        folder="",
        hdl=str(design.hdl),
        sources=[str(source) for source in design.sources],
        shape_pkg=str(design.shape_pkg or ""),
    )
    folder = folders.take(design.folder / "runs" / _slug(test, seed), this)
    this.folder, this.trace = str(folder), str(folder / f"{design.top}.fst") if design.waves else ""
    record.begin(this)
    return this


def _simulate(this: Record, design: Design, tests: str, plusargs: tuple[str, ...], env: dict[str, str]) -> None:
    """Run the tests on what was built, and note what became of them."""
    folder = Path(this.folder)
    results, findings = folder / "results.xml", folder / "findings.jsonl"
    dump = folder / f"{design.top}.fst"
    env = env | {finding.VARIABLE: str(findings)}
    begun, simulator = time.monotonic(), engine(design.simulator, design.profile)
    try:
        simulator.test(
            test_module=tests,
            hdl_toplevel=design.top,
            hdl_toplevel_lang="verilog",
            build_dir=design.folder,
            test_dir=folder,
            results_xml=str(results),
            test_args=["--trace-file", str(dump)] if design.waves and design.simulator == "verilator" else [],
            plusargs=[*plusargs, f"+dumpfile_path={dump}"],
            extra_env=env,
            seed=this.seed,
            waves=design.waves,
            timescale=("1ns", "1ps"),
        )
    except (RuntimeError, SystemExit):
        pass  # what became of it is in its status and its results
    except KeyboardInterrupt:
        this.verdict = STOPPED
        this.write()
        raise
    this.run_seconds = time.monotonic() - begun
    this.problem = _problem(this, results, simulator.status)
    this.verdict = FAILED if this.problem else PASSED
    if this.problem:
        this.assertion = assertions.failed(folder)
        for found in finding.read(findings):
            if found.message == this.message:
                this.divergence, this.accepted_ns = found.divergence, found.accepted_ns
                break


def _problem(this: Record, results: Path, exit_code: int) -> str:
    """What is wrong with a run, in one line, and into its record the first test that failed; '' if all is well.

    All is well if at least one test ran, everything passed, and the simulator says so too.
    """
    if not results.is_file():
        return f"the simulator {_left(exit_code)} before it had results"
    try:
        cases = ElementTree.parse(results).findall(".//testcase")
    except ElementTree.ParseError as error:
        return f"results.xml cannot be read ({error})"
    bad = [(case, entry) for case in cases for kind in ("failure", "error") for entry in case.findall(kind)]
    if bad:
        case, entry = bad[0]
        stop = case.find("properties/property[@name='sim_time_stop']")
        this.failed_test, this.message = case.get("name"), entry.get("message") or ""
        this.stopped_ns = 0.0 if stop is None else float(stop.get("value"))
        return f"{len(bad)} of {len(cases)} tests failed ({', '.join(case.get('name') for case, _ in bad)})"
    if not [case for case in cases if case.find("skipped") is None]:
        return "no test ran"
    return f"the simulator {_left(exit_code)}" if exit_code else ""


def _left(status: int) -> str:
    """How a process ended, from its status."""
    return f"was killed by {signal.Signals(-status).name}" if status < 0 else f"left with status {status}"


def _slug(test: str, seed: int) -> str:
    return re.sub(r"[^\w.-]+", "_", test) + f"-{seed}"


def _coverage_folder(this: Record) -> Path:
    """A new folder for the coverage of one run: a test may do several."""
    prefix = f"{_slug(this.test, this.seed)}-"
    return Path(tempfile.mkdtemp(prefix=prefix, dir=os.environ["COVERAGE_DIR"]))
