# SPDX-License-Identifier: Apache-2.0
"""Builds of a top level: what one is made from says which it is, and whether it is still good."""

import fcntl
import hashlib
import json
import re
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from models import space
from models.project import BUILD, ROOT
from tb.evidence import assertions
from tb.rig.engines import CLOCKED_MAIN, OPTIMISE, WAVES_MAIN, engine
from tb.rig.heartbeat import beating

PACKAGES = ("cartridge_pkg.sv", "trace_pkg.sv", "host_pkg.sv")  # in the order in which they are compiled
LIBRARY = {"verilator": ["+libext+.sv"], "icarus": ["-Y", ".sv"]}  # how modules are found in the folder of -y
# Of the code. Not --coverage-fsm: Verilator 5.048 dies of it where slices are assigned, and sees one machine of six.
COVERAGE = ("--coverage-line", "--coverage-toggle", "--coverage-expr", "--coverage-user")


class BuildError(AssertionError):
    """A simulator refuses a design."""


@dataclass(frozen=True)
class Design:
    """What is built, for one simulator: see ``tb.rig.runner.run`` for the fields; ``counted`` is with code coverage."""

    top: str
    simulator: str
    parameters: dict[str, object]
    shape_pkg: Path | None
    sources: tuple[Path, ...]
    hdl: Path
    profile: str
    build_args: tuple[str, ...]
    waves: bool
    counted: bool

    @cached_property
    def files(self) -> list[Path]:
        """What is compiled beside the modules found in ``hdl``: a simulator's own file, packages, the top."""
        verilator = self.simulator == "verilator"
        first = self.hdl / "lint.vlt" if verilator else Path(__file__).with_name("icarus.sv")
        packages = ([self.shape_pkg] if self.shape_pkg else []) + [self.hdl / package for package in PACKAGES]
        tops = [file for file in [self.hdl / f"{self.top}.sv"] if file.is_file()]
        checks = assertions.files(self.shape_pkg is not None) if verilator else []
        return [first, *packages, *self.sources, *tops, *checks]

    @cached_property
    def arguments(self) -> list[str]:
        """Of the simulator's compiler."""
        code = COVERAGE if self.counted else ()
        return ["-y", str(self.hdl), *LIBRARY[self.simulator], *code, *self.build_args]

    @cached_property
    def folder(self) -> Path:
        """Where it is built, and nothing else is.

        It stays the same when a file of the project changes, so that old builds do not pile up. A shape package and
        files of neither project nor BUILD are known by their content.
        """
        given = [self.shape_pkg] if self.shape_pkg else []
        ours = []
        for path in (self.hdl, *self.sources):
            home = next((folder for folder in (BUILD, ROOT) if path.is_relative_to(folder)), None)
            if home:
                ours.append(str(path.relative_to(home)))
            else:
                given += sorted(path.iterdir()) if path.is_dir() else [path]
        profile = self.profile if self.simulator == "verilator" else ""
        what = [self._settings, ours, [digest(path) for path in given], profile, self.waves, self.counted]
        name = hashlib.sha256(json.dumps(what).encode()).hexdigest()[:12]
        return BUILD / "sim" / self.simulator / f"{self.top}-{name}"

    @property
    def stamp(self) -> dict[str, object]:
        """What a good build was made from: all of it, and the content of every file."""
        depends = [
            *self.files,
            *sorted(self.hdl.glob("*.sv*")),
            *assertions.FOLDER.glob("*.svh"),
            CLOCKED_MAIN,
            WAVES_MAIN,
        ]
        return {
            "settings": self._settings,
            "arguments": self.arguments,
            "optimise": OPTIMISE[self.profile] if self.simulator == "verilator" else [],
            "files": {str(path): digest(path) for path in depends},
        }

    @property
    def _settings(self) -> dict[str, object]:
        values = {name: str(value) for name, value in self.parameters.items()}
        return {"top": self.top, "parameters": values, "build_args": list(self.build_args)}


def digest(path: Path) -> str:
    """The content of a file, in short."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def build(design: Design) -> float:
    """Build it in its folder unless a good build is there, one process at a time; gives the seconds that took.

    BuildError if the simulator refuses it, which prints what the simulator says; InputError if the disk is full.
    """
    design.folder.mkdir(parents=True, exist_ok=True)
    stamp, log = design.folder / "built.json", design.folder / "build.log"
    with (design.folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = design.stamp
        if stamp.is_file() and json.loads(stamp.read_text()) == wanted:
            return 0.0
        stamp.unlink(missing_ok=True)
        begun = time.monotonic()

        def so_far() -> str:
            return f"building {design.top} for {design.simulator}, {time.monotonic() - begun:.0f} s so far"

        try:
            with beating(so_far, lambda line: print(line, flush=True)):
                engine(design.simulator, design.profile, design.counted).build(
                    sources=design.files,
                    includes=[design.hdl, assertions.FOLDER],
                    parameters={name: _literal(value) for name, value in design.parameters.items()},
                    build_args=design.arguments,
                    hdl_toplevel=design.top,
                    build_dir=design.folder,
                    always=True,
                    waves=design.waves,
                    timescale=("1ns", "1ps"),
                    log_file=log,
                )
        except BaseException as ended:
            # An interrupted build leaves the one empty; by the other, Verilator takes what it refused for written.
            for half in [*design.folder.rglob("*__ALL.cpp"), *design.folder.rglob("*__verFiles.dat")]:
                half.unlink()
            if not isinstance(ended, RuntimeError | SystemExit):
                raise
            said = log.read_text() if log.is_file() else ""
            if space.is_full(design.folder, said):
                raise space.exhausted(design.folder) from None
            print(said, flush=True)
            raise BuildError(f"the build of {design.top} failed, see {log}") from None
        stamp.write_text(json.dumps(wanted))
        return time.monotonic() - begun


def _literal(value: object) -> object:
    """A parameter's value for a command line: text in quotes, numbers (12, "16'd12") as they are."""
    return f'"{value}"' if isinstance(value, str) and not re.fullmatch(r"\d+'d\d+", value) else value
