# SPDX-License-Identifier: Apache-2.0
"""Other flows: lists and core name the whole RTL, FuseSoC lints it and runs a bench, and a bad shape is one line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from junitparser import JUnitXml

from models.project import HDL, ROOT
from scripts import shape
from scripts.flows import fusesoc_shape
from tb.rig import toolchain
from tb.rig.build import PACKAGES

BIN = Path(sys.executable).parent
CORE = yaml.safe_load((ROOT / "cartridge.core").read_text(encoding="utf-8"))


def compiled(suffix: str = ".sv") -> list[str]:
    """The names of the files of hdl/, in the order in which they are compiled."""
    names = sorted(file.name for file in HDL.glob(f"*{suffix}"))
    first = [name for name in PACKAGES if name in names]
    return first + [name for name in names if name not in first]


def listed() -> list[str]:
    """The files that hdl/cartridge.f names."""
    return [line for line in (HDL / "cartridge.f").read_text().splitlines() if line[0].isalpha()]


def test_the_file_list_is_the_whole_rtl():
    assert listed() == compiled()


def test_the_core_is_the_whole_rtl():
    files = CORE["filesets"]["rtl"]["files"]
    headers = [(name, how) for entry in files if isinstance(entry, dict) for name, how in entry.items()]
    assert headers == [(f"hdl/{name}", {"is_include_file": True}) for name in compiled(".svh")]
    assert [entry for entry in files if isinstance(entry, str)] == [f"hdl/{name}" for name in compiled()]


@pytest.fixture
def package(tmp_path):
    """The shape of a tiny die."""
    assert shape.main(argv=["--model", "tiny", "--out", str(tmp_path / "shape_pkg.sv"), "--depth", "32"]) == 0
    return tmp_path / "shape_pkg.sv"


@pytest.mark.parametrize("simulator", ["verilator", "icarus"])
def test_the_file_list_compiles(simulator, package):
    if simulator == "verilator":
        command = ["verilator", "--lint-only", HDL / "lint.vlt", package, "-F", HDL / "cartridge.f"]
        command += ["--top-module", "cartridge"]
    else:
        command = ["iverilog", "-g2012", "-I.", "-o", package.with_suffix(".vvp"), "-s", "cartridge"]
        command += [ROOT / "tb/rig/icarus.sv", package, *listed()]
    done = subprocess.run(command, cwd=HDL, env=toolchain.verilator_env(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def fusesoc(folder: Path, *arguments: str) -> subprocess.CompletedProcess:
    """Run a target of the core, built in ``folder``, where Verilator and cocotb are on PATH."""
    env = toolchain.verilator_env()
    env |= {"PATH": f"{BIN}{os.pathsep}{env['PATH']}", "PYTHONPATH": str(ROOT), "HOME": str(folder)}
    asked = [[BIN / "cocotb-config", option] for option in ("--libpython", "--pygpi-entry-point")]
    env["GPI_USERS"] = ";".join(subprocess.check_output(command, text=True).strip() for command in asked)
    command = [BIN / "fusesoc", "--cores-root", ROOT, "run", "--build-root", folder / "build", *arguments, "cartridge"]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)


def test_fusesoc_lints(tmp_path):
    done = fusesoc(tmp_path, "--target=lint")
    assert done.returncode == 0, done.stdout + done.stderr
    assert list(tmp_path.glob("build/*/lint/*.vc"))


def test_fusesoc_runs_a_bench(tmp_path):
    """All tests of the bench passed, by the file that cocotb leaves: FuseSoC's status says nothing of them."""
    done = fusesoc(tmp_path, "--target=sim_exp2")
    assert done.returncode == 0, done.stdout + done.stderr
    (report,) = tmp_path.glob("build/*/sim_exp2/results.xml")
    cases = [case for suite in JUnitXml.fromfile(str(report)) for case in suite]
    assert len(cases) == 4
    assert all(case.is_passed for case in cases)


def test_benches_of_the_core_are_there():
    for name, target in CORE["targets"].items():
        if name.startswith("sim_"):
            module = target["flow_options"]["cocotb_module"]
            assert name == f"sim_{target['toplevel']}"
            assert (ROOT / module.replace(".", "/")).with_suffix(".py").is_file()
            assert (HDL / f"{target['toplevel']}.sv").is_file()


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ("{modle: tiny}", "unknown parameter 'modle'"),
        ("{model: none.gguf}", "no such checkpoint (none.gguf)"),
        ("{depth: deep}", "'deep' is no number from 2 to 65535"),
    ],
)
def test_a_shape_that_cannot_be_is_one_line(parameters, says, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("asked.yml").write_text(f"parameters: {parameters}\nvlnv: a:b:c:1\n")
    assert fusesoc_shape.main(["asked.yml"]) == 2
    error = capsys.readouterr().err
    assert says in error
    assert error.count("\n") == 1
    assert not Path("shape_pkg.sv").exists()
