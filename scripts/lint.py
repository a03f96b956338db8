"""Lint: ruff over the Python, Verilator and Verible over the SystemVerilog. Exit status 1 if any of them complains."""

import subprocess
import sys
import tempfile
from pathlib import Path

from models.checkpoint import checkpoint, tiny
from models.die import sv_package
from models.errors import InputError
from models.mask import etch
from models.project import HDL, ROOT
from tb.rig import toolchain

PACKAGES = ("cartridge_pkg.sv", "trace_pkg.sv", "host_pkg.sv")  # in the order in which they are compiled
BIN = Path(sys.executable).parent


def main() -> int:
    """Run every linter, the later ones even after complaints."""
    try:
        return int(any([_ruff(), _verilator(), _verible()]))
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
        ckpt = checkpoint.load(tiny.write(Path(scratch, "tiny.gguf")))
        shape = sv_package.write(ckpt.shape, etch.die_for(ckpt, kv_depth=32), Path(scratch, "shape_pkg.sv"))
        files = [HDL / "lint.vlt", *(HDL / name for name in PACKAGES), shape, *modules]
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


def _complains(name: str, command: list, env: dict[str, str] | None = None) -> bool:
    """Run one linter, its output passed on."""
    failed = subprocess.run(command, env=env, check=False).returncode != 0
    print(f"lint: {name}: {'FAILED' if failed else 'clean'}", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
