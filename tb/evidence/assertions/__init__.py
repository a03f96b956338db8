# SPDX-License-Identifier: Apache-2.0
"""The assertions that every Verilator build carries, bound to the modules of hdl/ that they watch."""

from pathlib import Path

FOLDER = Path(__file__).parent
PACKAGE = "assertion_pkg.sv"
SHAPED = ("chip_assert.sv", "layer_assert.sv")  # for the modules that exist only beside a shape_pkg


def files(shaped: bool) -> list[Path]:
    """The files to compile, with those for layer and chip if ``shaped``: the package first."""
    checks = [file for file in sorted(FOLDER.glob("*_assert.sv")) if shaped or file.name not in SHAPED]
    return [FOLDER / PACKAGE, *checks]


def failed(run_dir: Path) -> str:
    """'instance.name: what' of the assertion that ended a run, '' if none did."""
    note = run_dir / "assertion.txt"
    return note.read_text(encoding="utf-8").splitlines()[0] if note.is_file() else ""
