# SPDX-License-Identifier: Apache-2.0
"""``make lint``: ruff, Verilator, Verible and slang, the form of every source, licence lines and waivers."""

import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from pyslang.driver import Driver

from models.checkpoint import checkpoint, tiny
from models.die import sv_package
from models.mask import etch
from models.project import HDL, ROOT
from scripts.cli.command import command
from scripts.style import licence, verilog, waivers
from tb.evidence import assertions
from tb.rig import toolchain
from tb.rig.build import PACKAGES

BIN = Path(sys.executable).parent
WIDE = {"lanes": 256, "rank": 64}  # a die of the widest streams and adapters, which no bench builds,
WIDE_SHAPE = tiny.WIDE | {"layers": 1, "kv_heads": 8}  # and a shape for it
INTEGERS = ("-GSPAN=16", "-GSUPER=32")  # a matrix of spans that have integers, which a tiny die has not


@command("lint")
def main() -> int:
    """Run every linter, the later ones even after complaints: 0 if all are content, else 1."""
    steps = (check_python, check_form, check_licences, check_waivers, check_verilator, check_verible, check_slang)
    complaints = [step() for step in steps]
    return int(any(complaints))


def check_python() -> bool:
    """Whether ruff complains, of code or of its form."""
    code = run("ruff check", [BIN / "ruff", "check", "--no-cache", ROOT])
    form = run("ruff format", [BIN / "ruff", "format", "--no-cache", "--check", "--quiet", ROOT])
    return code or form


def check_form() -> bool:
    """Whether a file of SystemVerilog has not the form that Verible gives it."""
    wrong = [file for file in verilog.find() if verilog.form(file) != file.read_text(encoding="utf-8")]
    return report("verible format", (f"{file.relative_to(ROOT)}: run `make format`" for file in wrong))


def check_licences() -> bool:
    """Whether a source does not begin with its licence line."""
    lines = (f"{file.relative_to(ROOT)}: no licence line; run `make format`" for file in licence.missing())
    return report("licence lines", lines)


def check_waivers() -> bool:
    """Whether a waiver of a warning is for more than one file."""
    return report("waivers", (f"{line}: name the file" for line in waivers.refuse(HDL / "lint.vlt")))


def check_verilator() -> bool:
    """Whether Verilator warns of a tiny die, of one of the widest streams, or of a matrix in a further view."""
    env = toolchain.verilator_env()
    modules = [file for file in sorted(HDL.glob("*.sv")) if file.name not in PACKAGES]
    with tempfile.TemporaryDirectory() as scratch:
        shape, wide = write_shape(Path(scratch)), write_shape(Path(scratch, "wide"), WIDE_SHAPE, **WIDE)
        files = [HDL / "lint.vlt", *(HDL / name for name in PACKAGES), *modules]
        tops = {"cartridge": ["--top-module", "cartridge"]}
        for view in ("gate", "switch"):  # a matrix alone makes no use of most constants
            options = [f"-GVIEW={sv_package.VIEWS[view]}", "-Wno-UNUSEDPARAM"]
            tops[f"matrix, view {view}"] = ["--top-module", "matrix", *options]
        tops["matrix, integers"] = [*tops["matrix, view gate"], *INTEGERS]
        verilator = ["verilator", "--lint-only", "-Wall", f"-I{HDL}"]
        complaints = [run(f"verilator, {name}", [*verilator, *top, shape, *files], env) for name, top in tops.items()]
        complaints.append(run("verilator, cartridge, wide", [*verilator, *tops["cartridge"], wide, *files], env))
    return any(complaints)


def check_verible() -> bool:
    """Whether Verible's linter complains of the RTL."""
    files = [*HDL.glob("*.sv"), *HDL.glob("*.svh")]
    return run("verible lint", [BIN / "verible-verilog-lint", f"--rules_config={HDL / 'lint.rules'}", *sorted(files)])


def check_slang() -> bool:
    """Whether a strict reader of the standard complains of RTL and assertions: of a tiny die, and of each view.

    Each file is a compilation unit of its own, as for Questa, so that no macro reaches from one into the next.
    """
    modules = [file for file in sorted(HDL.glob("*.sv")) if file.name not in PACKAGES]
    with tempfile.TemporaryDirectory() as scratch:
        shape = write_shape(Path(scratch))
        files = [shape, *(HDL / name for name in PACKAGES), *modules, *assertions.files(shaped=True)]
        tops = {"cartridge": ["--top", "cartridge"]}
        for view in ("gate", "switch"):
            tops[f"matrix, view {view}"] = ["--top", "matrix", f"-GVIEW={sv_package.VIEWS[view]}", "-Wno-unused"]
        tops["matrix, integers"] = [*tops["matrix, view gate"], *INTEGERS]
        complaints = [read_strictly(top, [*options, f"-I{HDL}", *files]) for top, options in tops.items()]
    return any(complaints)


def read_strictly(top: str, arguments: list) -> bool:
    """Have slang read what its arguments name, its output passed on; gives whether it complains."""
    driver = Driver()
    driver.addStandardArgs()
    line = shlex.join(map(str, ["slang", "-F", HDL / "lint.f", *arguments]))
    read = driver.parseCommandLine(line) and driver.processOptions() and driver.parseAllSources()
    return report(f"slang, {top}", (), not (read and driver.runFullCompilation(quiet=True)))


def write_shape(folder: Path, shape: dict | None = None, **die: int) -> Path:
    """Write the shape package of a tiny model's ``die`` into a folder; gives its path."""
    folder.mkdir(exist_ok=True)
    ckpt = checkpoint.load(tiny.write(folder / "tiny.gguf", **shape or {}))
    return sv_package.write(ckpt.shape, etch.die_for(ckpt, kv_depth=32, **die), folder / "shape_pkg.sv")


def run(name: str, linter: list, env: dict[str, str] | None = None) -> bool:
    """Run one linter, its output passed on; gives whether it complains."""
    failed = subprocess.run(linter, env=env, check=False).returncode != 0
    return report(name, (), failed)


def report(name: str, lines: Iterable[str], failed: bool = False) -> bool:
    """Print the complaints of a step and whether there are any; gives that too."""
    for line in lines:
        failed = True
        print(line)
    print(f"lint: {name}: {'FAILED' if failed else 'clean'}", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main(argv=sys.argv[1:]))
