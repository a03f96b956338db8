# SPDX-License-Identifier: Apache-2.0
"""docs/architecture.md is a map: it names every folder of the tree, and a name in it leads to all that bears it."""

import ast
import re
import subprocess
from collections import defaultdict
from pathlib import Path

from models.golden.stage import Stage
from models.project import HDL, ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
POINTS = ROOT / "tb" / "evidence" / "coverage" / "points"
TASKS = ROOT / "tb" / "evidence" / "formal" / "tasks.toml"


def rows(heading: str) -> list[list[str]]:
    """The cells of the table under a heading, without its head."""
    section = PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def files(*patterns: str) -> list[str]:
    """What git has of these patterns, all without one."""
    command = ["git", "ls-files", *patterns]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()


def folders() -> set[str]:
    """Every folder that holds a file in git, but the benches of modules, which have one row together."""
    found = {str(Path(file).parent) for file in files()} - {"."}
    return {folder for folder in found if not (HDL / f"{folder.removeprefix('tb/')}.sv").is_file()}


def test_every_folder_is_on_the_map():
    """Each once, and none that is gone."""
    named = [name.rstrip("/") for first, *_ in rows("Rooms") for name in re.findall(r"`([^`]+)`", first)]
    assert sorted(named) == sorted(folders())


def test_every_stage_is_on_the_map():
    named = {stage for first, *_ in rows("One name") for stage in first.split(", ")}
    assert named == {stage.name.lower() for stage in Stage}


def test_a_name_leads_to_everything():
    for _, name, within, _ in rows("One name"):
        for each in re.findall(r"`(\w+)`", f"{name} {within}"):
            for place in (HDL / f"{each}.sv", ROOT / "models" / "golden" / f"{each}.py", POINTS / f"{each}.py"):
                assert place.is_file(), place
            assert (ROOT / "tb" / each / f"{each}_tests.py").is_file(), each


def test_proofs_that_are_named_exist():
    tasks = re.findall(r'(?m)^name = "([^"]+)"', TASKS.read_text(encoding="utf-8"))
    families = {task.split("-")[0] for task in tasks}
    for *_, proofs in rows("One name"):
        assert set(re.findall(r"`(\w+)`", proofs)) <= families


def test_a_class_has_a_name_of_its_own():
    """A reader who meets a name knows which class it is; private ones (_Name) are their module's own."""
    found = defaultdict(list)
    for file in files("*.py"):
        for node in ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append(file)
    assert {name: where for name, where in found.items() if len(where) > 1} == {}


def test_no_file_is_long():
    """A module of 400 lines has two jobs."""
    sources = files("tb/*.py", "tb/*.sv", "scripts/*.py", "scripts/*.sh", "hdl/*.sv")
    lengths = {file: len((ROOT / file).read_text(encoding="utf-8").splitlines()) for file in sources}
    assert {file: length for file, length in lengths.items() if length > 400} == {}
