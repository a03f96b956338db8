# SPDX-License-Identifier: Apache-2.0
"""cocotb's runners of Verilator and Icarus, and what each does otherwise here."""

import hashlib
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import TextIO

import cocotb_tools.config
import cocotb_tools.runner

from tb.rig import processes, toolchain

COCOTB_MAIN = cocotb_tools.config.share_dir / "lib" / "verilator" / "verilator.cpp"  # the main program of a model
WAVES_MAIN = Path(__file__).parents[1] / "evidence" / "waves" / "window.cpp"  # and of one that is traced
FINISH = Path(__file__).with_name("finish.cpp")  # in which no model has a part: a main program knows how large it is
TRACE_WIDTH = "8192"  # bits of the widest signal in a trace
CLOCKED_MAIN = Path(__file__).with_name("clocked.cpp")  # and of one that makes its own clock
# A model's C++ in one file: its headers, most of what is compiled, are read once and not for each of dozens of files.
JOINED = "VM_PARALLEL_BUILDS=0"
# What the C++ of a model and of Verilator's run time is compiled with. A unit bench is built longer than it runs.
OPTIMISE = {
    "unit": ["OPT_FAST=-O0", "OPT_SLOW=-O0", "OPT_GLOBAL=-O0", JOINED],
    "gates": ["OPT_FAST=-O0", "OPT_SLOW=-O0", "OPT_GLOBAL=-O0", JOINED],
    "small": ["OPT_FAST=-O1", "OPT_SLOW=-O0", "OPT_GLOBAL=-O0", JOINED],
    "chip": ["OPT_FAST=-O3 -march=native", "OPT_SLOW=-O1", "OPT_GLOBAL=-O3"],
}


def engine(simulator: str, profile: str, counted: bool = False) -> cocotb_tools.runner.Runner:
    """The runner of 'verilator' or 'icarus'; of Verilator in a profile, and with coverage ``counted`` or not."""
    return Icarus() if simulator == "icarus" else Verilator(profile, counted)


class _Given:
    """What both simulators need changed: variables given to a run win over those of the user's environment, and what
    is started ends with this process, even when that is killed. ``status`` is how the last command left.
    """

    ends_by = signal.SIGKILL
    status = 0

    def _set_env_common(self) -> None:
        given = dict(self.env)
        super()._set_env_common()
        self.env |= given

    def build(self, **arguments) -> None:
        """Build. make and Verilator are asked to end rather than killed: they end what they started."""
        self.ends_by = signal.SIGTERM
        super().build(**arguments)

    def _execute_cmds(self, cmds: list[list[str]], cwd: Path, stdout: TextIO | None = None) -> None:
        for command in cmds:
            child = subprocess.Popen(
                command,
                cwd=cwd,
                env=self.env,
                stdout=stdout,
                stderr=stdout and subprocess.STDOUT,
                preexec_fn=processes.bound(self.ends_by),
            )
            self.status = processes.wait(child)
            if self.status:
                raise RuntimeError(f"{command[0]} left with status {self.status}")


class Icarus(_Given, cocotb_tools.runner.Icarus):
    """Icarus Verilog."""


class Verilator(_Given, cocotb_tools.runner.Verilator):
    """Verilator in the environment in which it works, its optimisation and its public signals by profile."""

    def __init__(self, profile: str, counted: bool) -> None:
        super().__init__()
        self.profile, self.counted = profile, counted
        self.tool_env = toolchain.verilator_env()

    def _set_env_common(self) -> None:
        super()._set_env_common()
        for variable in toolchain.MAKE_STATE:
            self.env.pop(variable, None)
        self.env |= self.tool_env | {"PATH": f"{self.tool_env['PATH']}{os.pathsep}{self.env['PATH']}"}

    def build(self, *, build_dir: Path, **arguments) -> None:
        """Build, with what no model has a part in, most of a small model's C++, compiled once for all of a kind."""
        tool = toolchain.describe("verilator"), self.tool_env.get("VERILATOR_ROOT")
        kind = repr((*tool, OPTIMISE[self.profile], arguments["waves"], self.counted, FINISH.read_bytes()))
        self.runtime = build_dir.parent / f"runtime-{hashlib.sha256(kind.encode()).hexdigest()[:12]}"
        _copy_runtime(self.runtime, build_dir)
        super().build(build_dir=build_dir, **arguments)
        _copy_runtime(build_dir, self.runtime)

    def _simulator_in_path_build_only(self) -> None:
        self.executable = shutil.which("verilator", path=self.tool_env["PATH"])

    def _build_command(self) -> list[list[str]]:
        verilate, make = super()._build_command()
        verilate += [str(FINISH), "-CFLAGS", "-DVL_USER_FINISH"]
        if self.profile != "unit":
            verilate.remove("--public-flat-rw")
        if self.waves:
            verilate += ["--trace-fst", "--trace-max-width", TRACE_WIDTH]
        if self.waves or self.profile != "unit":
            verilate[verilate.index(str(COCOTB_MAIN))] = str(WAVES_MAIN if self.waves else CLOCKED_MAIN)
            verilate += ["-CFLAGS", f"-I{COCOTB_MAIN.parent}"]
            verilate += [] if self.waves else ["-LDFLAGS", "-Wl,--wrap=fgetc"]  # see clocked.cpp
        old = [f"--old-file={file.name}" for file in self.runtime.glob("*.o")]
        return [verilate, make + OPTIMISE[self.profile] + old]


def _copy_runtime(source: Path, target: Path) -> None:
    target.mkdir(exist_ok=True)
    for file in [*source.glob("verilated*.o"), source / f"{FINISH.stem}.o"]:
        if not file.is_file():
            continue
        part = target / f"part-{os.getpid()}"
        os.replace(shutil.copy(file, part), target / file.name)
