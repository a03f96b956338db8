# SPDX-License-Identifier: Apache-2.0
"""Planted faults: where they apply, and that each of the tree's does."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.project import HDL, ROOT
from tb.rig.faults import Fault, find

TEXT = "module m;\n  assign x     = a &&\n             b;\n  assign y = a;\nendmodule\n"


def planted() -> Iterator[tuple[Path, dict]]:
    """(file, edit) of every edit of RTL that a table of tb/ has, at whatever depth."""

    def edits(part: object) -> Iterator[dict]:
        if isinstance(part, dict) and {"file", "old"} <= part.keys():
            yield part
        elif isinstance(part, dict | list):
            for inner in part.values() if isinstance(part, dict) else part:
                yield from edits(inner)

    for table in sorted((ROOT / "tb").rglob("*.toml")):
        for edit in edits(tomllib.loads(table.read_text(encoding="utf-8"))):
            yield table, edit


@pytest.mark.parametrize("old", ["assign x     = a &&\n             b;", "assign x = a && b;", "x = a"])
def test_a_fault_applies_however_a_line_is_aligned(old):
    broken = Fault("f", "m.sv", old, "x = ON ? \\1 : a; // ").apply(TEXT)
    assert broken.count('x = $test$plusargs("fault=f") ? \\1 : a; // ') == 1
    assert "assign y = a;" in broken


@pytest.mark.parametrize(("old", "times"), [("= a", 2), ("a&&b", 0), ("assign z", 0)])
def test_a_fault_applies_once(old, times):
    with pytest.raises(AssertionError, match=rf"m\.sv holds '{old}' {times} times"):
        Fault("f", "m.sv", old, "").apply(TEXT)


@pytest.mark.once
def test_every_planted_fault_applies():
    stale = [
        f"{table.relative_to(ROOT)}: {edit['file']} has no {edit['old']!r}"
        for table, edit in planted()
        if not (HDL / edit["file"]).is_file() or not find(edit["old"]).search((HDL / edit["file"]).read_text("utf-8"))
    ]
    assert stale == []
