# SPDX-License-Identifier: Apache-2.0
"""Planted faults: where they apply, and that each of the tree's does."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.project import HDL, ROOT
from tb.rig.faults import Fault, find

Edit = tuple[Path, str, str]
"""(file of tb/, file of hdl/, text that it has) of one planted edit."""

TEXT = "module m;\n  assign x     = a &&\n             b;\n  assign y = a;\nendmodule\n"


def of_tables() -> Iterator[Edit]:
    """Every edit of RTL that a table of tb/ has, at whatever depth."""

    def edits(part: object) -> Iterator[dict]:
        if isinstance(part, dict) and {"file", "old"} <= part.keys():
            yield part
        elif isinstance(part, dict | list):
            for inner in part.values() if isinstance(part, dict) else part:
                yield from edits(inner)

    for table in sorted((ROOT / "tb").rglob("*.toml")):
        for edit in edits(tomllib.loads(table.read_text(encoding="utf-8"))):
            yield table, edit["file"], edit["old"]


def of_tests() -> Iterator[Edit]:
    """Every ``Fault(name, file, old, new)`` that a test writes with texts, or names of texts, of its own file."""

    def text(node: ast.expr, names: dict[str, str | None]) -> str | None:
        match node:
            case ast.Constant(value=str(value)):
                return value
            case ast.Name(id=name):
                return names.get(name)
            case ast.JoinedStr(values=parts):
                inner = [text(part.value if isinstance(part, ast.FormattedValue) else part, names) for part in parts]
                return None if None in inner else "".join(inner)
        return None

    for test in sorted((ROOT / "tb").rglob("test_*.py")):
        tree, names = ast.parse(test.read_text(encoding="utf-8")), {}
        for node in tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                names[node.targets[0].id] = text(node.value, names)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Fault":
                file, old = (text(argument, names) for argument in node.args[1:3])
                if test != Path(__file__) and file is not None and old is not None:
                    yield test, file, old


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
@pytest.mark.parametrize("planted", [of_tables, of_tests])
def test_every_planted_fault_applies(planted):
    edits = list(planted())
    stale = [
        f"{where.relative_to(ROOT)}: {file} has no {old!r}"
        for where, file, old in edits
        if not (HDL / file).is_file() or not find(old).search((HDL / file).read_text("utf-8"))
    ]
    assert edits and stale == []
