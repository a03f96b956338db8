# SPDX-License-Identifier: Apache-2.0
"""docs/architecture.md is a map: it names every folder of the tree, and a name in it leads to all that bears it."""

import re
import subprocess
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


def folders() -> set[str]:
    """Every folder that holds a file in git, but the benches of modules, which have one row together."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    found = {str(Path(file).parent) for file in listed.splitlines()} - {"."}
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
