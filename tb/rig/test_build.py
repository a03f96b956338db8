# SPDX-License-Identifier: Apache-2.0
"""A build is known by what it is made from, and good as long as that does not change."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from models.project import HDL
from tb.rig import build, heartbeat
from tb.rig.build import Design

SOURCE = "module part; endmodule\n"


@pytest.fixture
def design(tmp_path) -> Design:
    """A design with a shape package and a source of its own."""
    (tmp_path / "part.sv").write_text(SOURCE)
    (tmp_path / "shape_pkg.sv").write_text("package shape_pkg; endpackage\n")
    shape, sources = tmp_path / "shape_pkg.sv", (tmp_path / "part.sv",)
    return Design("part", "verilator", {"N": 4}, shape, sources, HDL, "unit", (), False, False)


@pytest.mark.parametrize(
    "change",
    [
        {"top": "other"},
        {"simulator": "icarus"},
        {"parameters": {"N": 5}},
        {"parameters": {}},
        {"shape_pkg": None},
        {"sources": ()},
        {"profile": "small"},
        {"build_args": ("--hierarchical",)},
        {"waves": True},
        {"counted": True},
    ],
    ids=lambda change: next(iter(change)),
)
def test_another_design_is_another_build(design, change):
    assert replace(design, **change).folder != design.folder
    assert replace(design).folder == design.folder


@pytest.mark.parametrize("name", ["part.sv", "shape_pkg.sv"])
def test_another_content_is_another_build(design, name, tmp_path):
    """Of what is no file of the project."""
    before = replace(design)
    folder, stamp = before.folder, before.stamp
    with (tmp_path / name).open("a") as file:
        file.write("// more\n")
    assert replace(design).folder != folder
    assert replace(design).stamp != stamp


def test_a_changed_file_of_the_project_is_built_again_in_its_place(design, monkeypatch, tmp_path):
    monkeypatch.setattr("tb.rig.build.ROOT", tmp_path)
    before = replace(design, sources=(tmp_path / "part.sv",), hdl=HDL)
    folder, stamp = before.folder, before.stamp
    Path(tmp_path, "part.sv").write_text(SOURCE + "// more\n")
    assert replace(before).folder == folder
    assert replace(before).stamp != stamp
    Path(tmp_path, "part.sv").write_text(SOURCE)
    assert replace(before).stamp == stamp


def test_a_long_build_says_that_it_goes_on(design, monkeypatch, tmp_path, capsys):
    """A line a minute in a log, the first build of a chat's among them."""

    class Patient:
        def build(self, **_: object) -> None:
            time.sleep(0.5)

    monkeypatch.setattr(heartbeat, "PERIOD_S", 0.2)
    monkeypatch.setattr(build, "engine", lambda *_: Patient())
    monkeypatch.setattr(build.Design, "folder", tmp_path)
    assert build.build(design) >= 0.5
    assert "building part for verilator, 0 s so far\n" in capsys.readouterr().out
    assert build.build(design) == 0 and not capsys.readouterr().out  # it is there
