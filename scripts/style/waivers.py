# SPDX-License-Identifier: Apache-2.0
"""Waivers of Verilator's warnings (hdl/lint.vlt): each is for named files."""

import re
from pathlib import Path

FILE = re.compile(r'-file\s+"(?:\*/)?(?:[\w-]+/)*[\w-]+\.\w+"')  # a name; what is before it may be any folder


def refuse(path: Path) -> list[str]:
    """Waivers that reach further than one file, as lines with their numbers."""
    lines = enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
    return [f"{path.name}:{n}: {line}" for n, line in lines if line.startswith("lint_off") and not FILE.search(line)]
