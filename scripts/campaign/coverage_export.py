# SPDX-License-Identifier: Apache-2.0
"""Coverage in the forms that other tools read: lcov, Cobertura, and what cocotb-coverage itself reads."""

from pathlib import Path

from lcov_cobertura import LcovCobertura

from scripts.cli.files import write_text
from tb.evidence.coverage.code import Code

NAMES = ("coverage.info", "cobertura.xml", "functional.yml")
REASONS = "tb/evidence/coverage/exclusions.toml"
KINDS = {"line": "lines", "branch": "branches"}  # of code coverage that lcov and Cobertura have, and their plural


def leave(folder: Path, code: Code, points: str) -> None:
    """Write NAMES in ``folder``: lines and branches of ``code`` twice, and the merged coverage points, ``points``."""
    info = lcov(code)
    for name, text in zip(NAMES, (info, cobertura(info), points), strict=True):
        write_text(folder / name, text)


def lcov(code: Code) -> str:
    """Lines and branches as an lcov tracefile, paths from the root of the checkout; a comment says what is left out.

    Toggles and values of expressions have no record in lcov.
    """
    return "".join(line + "\n" for file in code.files for line in _record(code, file))


def cobertura(info: str) -> str:
    """An lcov tracefile as Cobertura XML, its comments at the end."""
    notes = [line.removeprefix("# ") for line in info.splitlines() if line.startswith("#")]
    return LcovCobertura(info).convert() + "".join(f"<!-- {note} -->\n" for note in notes)


def _record(code: Code, file: str) -> list[str]:
    lines, branches, figures = code.lines(file), code.branches(file), code.figures(file)
    left_out = [f"{kinds}: {figures[kind]['excluded']}" for kind, kinds in KINDS.items() if figures[kind]["excluded"]]
    return [
        *([f"# hdl/{file}: left out, with a reason in {REASONS}: {', '.join(left_out)}"] if left_out else []),
        "TN:",
        f"SF:hdl/{file}",
        *(f"BRDA:{line},0,{n},{count}" for line, taken in branches.items() for n, count in enumerate(taken)),
        f"BRF:{figures['branch']['points']}",
        f"BRH:{figures['branch']['covered']}",
        *(f"DA:{line},{count}" for line, count in lines.items()),
        f"LF:{figures['line']['points']}",
        f"LH:{figures['line']['covered']}",
        "end_of_record",
    ]
