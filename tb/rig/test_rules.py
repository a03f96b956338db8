# SPDX-License-Identifier: Apache-2.0
"""Every rule that a module makes of its parameters stops a build that breaks it, by name, on both simulators."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from models.checkpoint import checkpoint, tiny
from models.die import sv_package
from models.mask import etch
from models.project import HDL
from tb.rig import toolchain
from tb.rig.build import PACKAGES
from tb.rig.runner import simulators

pytestmark = pytest.mark.once
ICARUS = Path(__file__).with_name("icarus.sv")  # what is compiled before everything else under Icarus
WRITTEN = re.compile(r"^\s*`REQUIRE\((\w+),", re.MULTILINE)
REFUSED = {  # by what a simulator says of a broken rule
    "verilator": re.compile(r"broken rule: (\w+)"),
    "icarus": re.compile(r"Unknown module type: (\w+)"),
}
LISTED = tomllib.loads(Path(__file__).with_name("rules.toml").read_text(encoding="utf-8"))
ROWS = [(module, rule) for module, rules in LISTED.items() for rule in rules]


@pytest.fixture(scope="module")
def shape_pkg(tmp_path_factory) -> Path:
    """The package of a tiny die, for the modules that import it."""
    folder = tmp_path_factory.mktemp("rules")
    ckpt = checkpoint.load(tiny.write(folder / "tiny.gguf"))
    return sv_package.write(ckpt.shape, etch.die_for(ckpt, kv_depth=32), folder / "shape_pkg.sv")


def refused(simulator: str, module: str, parameters: dict[str, int], shape_pkg: Path) -> set[str]:
    """The rules by whose names a simulator stops the build of a module."""
    toolchain.require(simulator)
    macros = [f"-D{name[1:]}={value}" for name, value in parameters.items() if name.startswith("`")]
    values = [(name, value) for name, value in parameters.items() if not name.startswith("`")]
    files = [shape_pkg, *(HDL / name for name in PACKAGES), HDL / f"{module}.sv"]
    if simulator == "verilator":
        options = ["--lint-only", "-Wno-lint", "-Wno-style", f"-I{HDL}", "--top-module", module]
        options += [f"-G{name}={value}" for name, value in values]
        command = ["verilator", *options, *macros, *files]
        done = subprocess.run(command, env=toolchain.verilator_env(), capture_output=True, text=True, check=False)
    else:
        options = ["-g2012", "-t", "null", "-I", HDL, "-y", HDL, "-Y", ".sv", "-s", module]
        options += [f"-P{module}.{name}={value}" for name, value in values]
        command = ["iverilog", *options, *macros, ICARUS, *files]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode, "the build did not stop"
    return set(REFUSED[simulator].findall(done.stdout + done.stderr))


def test_every_rule_has_a_row():
    written = {(file.stem, rule) for file in sorted(HDL.glob("*.sv")) for rule in WRITTEN.findall(file.read_text())}
    assert written == set(ROWS)


@pytest.mark.parametrize("simulator", simulators())
@pytest.mark.parametrize(("module", "rule"), ROWS)
def test_a_broken_rule_stops_the_build(module, rule, simulator, shape_pkg):
    assert refused(simulator, module, LISTED[module][rule], shape_pkg) == {rule}
