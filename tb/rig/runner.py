"""Builds a top level and runs a cocotb module on it: the one way every bench starts a simulator."""

import fcntl
import hashlib
import json
import os
import re
import shlex
import shutil
import tempfile
import time
from pathlib import Path
from xml.etree import ElementTree

import cocotb_tools.config
import cocotb_tools.runner

from models.project import BUILD, HDL
from tb.evidence import assertions
from tb.evidence.waves import view
from tb.rig import toolchain

PACKAGES = ("cartridge_pkg.sv", "trace_pkg.sv", "host_pkg.sv")  # in the order in which they are compiled
LIBRARY = {"verilator": ["+libext+.sv"], "icarus": ["-Y", ".sv"]}  # how modules are found in the folder of -y
COCOTB_MAIN = cocotb_tools.config.share_dir / "lib" / "verilator" / "verilator.cpp"  # the main program of a model
WAVES_MAIN = Path(view.__file__).with_name("window.cpp")  # and of one that is traced
TRACE_WIDTH = "8192"  # bits of the widest signal in a trace
# Of the code. Not --coverage-fsm: Verilator 5.048 dies of it where slices are assigned, and sees one machine of six.
COVERAGE = ("--coverage-line", "--coverage-toggle", "--coverage-expr", "--coverage-user")
# A model's C++ in one file: its headers, most of what is compiled, are read once and not for each of dozens of files.
JOINED = "VM_PARALLEL_BUILDS=0"
# What the C++ of a model and of Verilator's run time is compiled with. A unit bench is built longer than it runs.
OPTIMISE = {
    "unit": ["OPT_FAST=-O0", "OPT_SLOW=-O0", "OPT_GLOBAL=-O0", JOINED],
    "gates": ["OPT_FAST=-O0", "OPT_SLOW=-O0", "OPT_GLOBAL=-O0", JOINED],
    "small": ["OPT_FAST=-O1", "OPT_SLOW=-O0", "OPT_GLOBAL=-O0", JOINED],
    "chip": ["OPT_FAST=-O3 -march=native", "OPT_SLOW=-O1", "OPT_GLOBAL=-O3"],
}


def simulators() -> list[str]:
    """The simulators to test on: that of the environment variable SIM, or both."""
    return [os.environ["SIM"]] if os.environ.get("SIM") else ["verilator", "icarus"]


def default_seed() -> int:
    """The seed of everything random: that of the environment variable SEED, or 1."""
    return int(os.environ.get("SEED") or 1)


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
    name: str,
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
) -> Path:
    """Build ``top`` in build/sim/<simulator>/<name> unless it is there already, and run the cocotb tests on it.

    Args:
        top: module of hdl/, or of ``sources``.
        tests: dotted path of the module with the cocotb tests.
        simulator: 'verilator' or 'icarus'.
        name: of the build; tests that share a build share the name.
        parameters: of the top level; a number of another width than 32 bits as text, "16'd12".
        shape_pkg: the file with ``shape_pkg``, which only ``layer`` and ``chip`` need.
        plusargs: for the simulation, '+mask=DIR' among them.
        env: environment variables for the tests.
        seed: of all random stimulus; None: ``default_seed()``.
        waves: leave a trace and its view beside the results; so does the environment variable WAVES=1.
        build_args: further arguments of the simulator's compiler.
        sources: further files, compiled before the top: SystemVerilog, or Verilator's .vlt.
        replay: the command that does this run again; None: the one that runs the current test.
        hdl: the folder of the RTL.
        profile: 'unit' builds fast, every signal public; 'chip' runs fast, only what a .vlt file names is public;
            'small' is that for a chip of few weights, which is built longer than it runs; 'gates' for one whose cells
            are gates, which is built longer still.

    Returns:
        The folder of this run: results.xml, the trace, what the tests write.

    Raises:
        InputError: the simulator is not there.
        AssertionError: the build failed, the simulator failed, or not at least one test ran and all of them passed.
    """
    toolchain.require(simulator)
    seed = default_seed() if seed is None else seed
    waves = waves or traced()
    test = os.environ.get("PYTEST_CURRENT_TEST", name).rsplit(" (", 1)[0]
    replay = replay or f"make waves TEST={shlex.quote(test)} SEED={seed} SIM={simulator}"
    print(f"{test}: {simulator}, seed {seed}; replay: {replay}", flush=True)

    kept = _coverage_folder(test, seed) if coverage() and hdl == HDL and not waves else None
    code = COVERAGE if kept and simulator == "verilator" else ()
    work = BUILD / "sim" / simulator / (name + ("-waves" if waves else "-coverage" if code else ""))
    work.mkdir(parents=True, exist_ok=True)
    run_dir = work / "runs" / _slug(test, seed)
    shutil.rmtree(run_dir, ignore_errors=True)
    run_dir.mkdir(parents=True)
    engine = _Icarus() if simulator == "icarus" else _Verilator(profile)
    files = _files(simulator, top, shape_pkg, sources, hdl)
    arguments = ["-y", str(hdl), *LIBRARY[simulator], *code, *build_args]
    _build(engine, work, replay, files, top, parameters or {}, arguments, waves, hdl)
    results, trace = run_dir / "results.xml", run_dir / f"{top}.fst"
    if kept:
        plusargs = (*plusargs, f"+verilator+coverage+file+{kept / 'code.dat'}")
        env = (env or {}) | {"FUNCTIONAL": str(kept / "functional.yml")}
    try:
        engine.test(
            test_module=tests,
            hdl_toplevel=top,
            hdl_toplevel_lang="verilog",
            build_dir=work,
            test_dir=run_dir,
            results_xml=str(results),
            test_args=["--trace-file", str(trace)] if waves and simulator == "verilator" else [],
            plusargs=[*plusargs, f"+dumpfile_path={trace}"],
            extra_env=env or {},
            seed=seed,
            waves=waves,
            timescale=("1ns", "1ps"),
        )
        exit_code = 0
    except (RuntimeError, SystemExit) as stopped:
        exit_code = stopped.code if isinstance(stopped, SystemExit) else 1
    if waves:
        view.leave(trace, results, hdl, sources, shape_pkg).show()
    problem = _verdict(results, exit_code)
    if problem:
        raise AssertionError(f"{test}: {assertions.failed(run_dir)}{problem}; replay: {replay}")
    return run_dir


def _slug(test: str, seed: int) -> str:
    return re.sub(r"[^\w.-]+", "_", test) + f"-{seed}"


def _coverage_folder(test: str, seed: int) -> Path:
    """A new folder for the coverage of one run: a test may do several."""
    return Path(tempfile.mkdtemp(prefix=f"{_slug(test, seed)}-", dir=os.environ["COVERAGE_DIR"]))


class _Own:
    """What both simulators need changed: variables given to ``run`` win over those of the user's environment."""

    def _set_env_common(self) -> None:
        given = dict(self.env)
        super()._set_env_common()
        self.env |= given


class _Icarus(_Own, cocotb_tools.runner.Icarus):
    """Icarus Verilog."""


class _Verilator(_Own, cocotb_tools.runner.Verilator):
    """Verilator in the environment in which it works, its optimisation and its public signals by profile."""

    def __init__(self, profile: str) -> None:
        super().__init__()
        self.profile = profile
        self.tool_env = toolchain.verilator_env()

    def _set_env_common(self) -> None:
        super()._set_env_common()
        for variable in toolchain.MAKE_STATE:
            self.env.pop(variable, None)
        self.env |= self.tool_env | {"PATH": f"{self.tool_env['PATH']}{os.pathsep}{self.env['PATH']}"}

    def build(self, *, build_dir: Path, **arguments) -> None:
        """Build, with Verilator's run time, most of a small model's C++, compiled once for all builds of one kind."""
        tool = toolchain.describe("verilator"), self.tool_env.get("VERILATOR_ROOT")
        kind = repr((*tool, OPTIMISE[self.profile], arguments["waves"], coverage()))
        self.runtime = build_dir.parent / f"runtime-{hashlib.sha256(kind.encode()).hexdigest()[:12]}"
        _copy_runtime(self.runtime, build_dir)
        super().build(build_dir=build_dir, **arguments)
        _copy_runtime(build_dir, self.runtime)

    def _simulator_in_path_build_only(self) -> None:
        self.executable = shutil.which("verilator", path=self.tool_env["PATH"])

    def _build_command(self) -> list[list[str]]:
        verilate, make = super()._build_command()
        if self.profile != "unit":
            verilate.remove("--public-flat-rw")
        if self.waves:
            verilate[verilate.index(str(COCOTB_MAIN))] = str(WAVES_MAIN)
            verilate += ["--trace-fst", "--trace-max-width", TRACE_WIDTH, "-CFLAGS", f"-I{COCOTB_MAIN.parent}"]
        old = [f"--old-file={file.name}" for file in self.runtime.glob("*.o")]
        return [verilate, make + OPTIMISE[self.profile] + old]


def _copy_runtime(source: Path, target: Path) -> None:
    target.mkdir(exist_ok=True)
    for file in source.glob("verilated*.o"):
        part = target / f"part-{os.getpid()}"
        os.replace(shutil.copy(file, part), target / file.name)


def _files(simulator: str, top: str, shape_pkg: Path | None, sources: tuple[Path, ...], hdl: Path) -> list[Path]:
    """What is compiled beside the modules found in hdl/: a simulator's own file, packages, the top."""
    first = hdl / "lint.vlt" if simulator == "verilator" else Path(__file__).with_name("icarus.sv")
    packages = ([Path(shape_pkg)] if shape_pkg else []) + [hdl / package for package in PACKAGES]
    tops = [file for file in [hdl / f"{top}.sv"] if file.is_file()]
    checks = assertions.files(shape_pkg is not None) if simulator == "verilator" else []
    return [first, *packages, *map(Path, sources), *tops, *checks]


def _build(
    engine: cocotb_tools.runner.Runner,
    work: Path,
    replay: str,
    files: list[Path],
    top: str,
    parameters: dict[str, object],
    build_args: list[str],
    waves: bool,
    hdl: Path,
) -> None:
    """Build in ``work`` unless what is there was built from the same files and settings; one process at a time."""
    stamp, log = work / "built.json", work / "build.log"
    depends = [*files, *sorted(hdl.glob("*.sv*")), *assertions.FOLDER.glob("*.svh"), *([WAVES_MAIN] if waves else [])]
    settings = {
        "top": top,
        "parameters": {key: str(value) for key, value in parameters.items()},
        "build_args": build_args,
        "optimise": OPTIMISE[engine.profile] if isinstance(engine, _Verilator) else [],
        "files": {str(file): file.stat().st_mtime_ns for file in depends},
    }
    with (work / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stamp.is_file() and json.loads(stamp.read_text()) == settings:
            return
        stamp.unlink(missing_ok=True)
        begun = time.monotonic()
        try:
            engine.build(
                sources=files,
                includes=[hdl, assertions.FOLDER],
                parameters={key: _literal(value) for key, value in parameters.items()},
                build_args=build_args,
                hdl_toplevel=top,
                build_dir=work,
                always=True,
                waves=waves,
                timescale=("1ns", "1ps"),
                log_file=log,
            )
        except (RuntimeError, SystemExit):
            # An interrupted build leaves the one empty; by the other, Verilator takes what it refused for written.
            for left in [*work.rglob("*__ALL.cpp"), *work.rglob("*__verFiles.dat")]:
                left.unlink()
            print(log.read_text() if log.is_file() else "", flush=True)
            raise AssertionError(f"the build of {top} failed, see {log}; again: {replay}") from None
        stamp.write_text(json.dumps(settings))
        print(f"built in {time.monotonic() - begun:.1f} s", flush=True)


def _literal(value: object) -> object:
    """A parameter's value for a command line: text in quotes, numbers (12, "16'd12") as they are."""
    return f'"{value}"' if isinstance(value, str) and not re.fullmatch(r"\d+'d\d+", value) else value


def _verdict(results: Path, exit_code: int) -> str | None:
    """What is wrong with a run, in one line; None if at least one test ran and everything passed."""
    if not results.is_file():
        return f"no results.xml (the simulator left with status {exit_code})"
    try:
        cases = ElementTree.parse(results).findall(".//testcase")
    except ElementTree.ParseError as error:
        return f"results.xml cannot be read ({error})"
    bad = [case.get("name") for case in cases if case.find("failure") is not None or case.find("error") is not None]
    if bad:
        return f"{len(bad)} of {len(cases)} tests failed ({', '.join(bad)})"
    if not [case for case in cases if case.find("skipped") is None]:
        return "no test ran"
    return f"the simulator left with status {exit_code}" if exit_code else None
