# SPDX-License-Identifier: Apache-2.0
"""The widths that cost and netlist take for a die are those that the RTL elaborates to."""

import json
import re
import subprocess

import pytest

from models.die.shape import Die
from models.die.widths import array_widths
from models.project import HDL
from tb.rig import toolchain


def elaborated(tree: object, module: str) -> dict[str, int]:
    """The parameters of the first ``module`` in Verilator's tree."""
    if isinstance(tree, list):
        return next((found for part in tree if (found := elaborated(part, module))), {})
    if not isinstance(tree, dict):
        return {}
    if tree.get("origName") == module and tree.get("type") == "MODULE":
        parameters = [var for var in tree["stmtsp"] if var.get("varType") == "GPARAM"]
        return {var["name"]: number(var["valuep"][0]["name"]) for var in parameters}
    return elaborated([*tree.values()], module)


def number(text: str) -> int:
    """A constant as Verilator writes it: 32'h1a, 32'sh1a."""
    return int(re.sub(r"^\d+'s?h", "", text), 16)


@pytest.mark.parametrize(
    ("act_w", "cell_bits", "slices", "span", "superblock", "offset"),
    [(12, 4, 1, 32, 0, 0), (12, 4, 2, 32, 0, 0), (10, 3, 2, 32, 0, 8), (8, 3, 1, 32, 32, 4), (16, 4, 2, 16, 32, 0)],
)
def test_widths_are_those_of_the_rtl(act_w, cell_bits, slices, span, superblock, offset, tmp_path):
    out = tmp_path / "tree.json"
    parameters = {"ACT_W": act_w, "W_BITS": cell_bits, "SLICES": slices, "VIEW": 1, "K": 64, "N": 32}
    parameters |= {"SPAN": span, "SUPER": superblock, "OFFSET": offset}
    command = ["verilator", "--json-only", "--json-only-output", out, "--json-only-meta-output", tmp_path / "meta.json"]
    command += ["-Wno-lint", "-Wno-fatal", f"-I{HDL}", "-y", HDL, "--top-module", "block_array_gate"]
    command += [f"-G{name}={value}" for name, value in parameters.items()]
    files = [HDL / "cartridge_pkg.sv", HDL / "block_array_gate.sv"]
    subprocess.run([*command, *files], env=toolchain.verilator_env(), check=True)
    found = elaborated(json.loads(out.read_text()), "scaling_unit")
    geometry = {"slices": {"o": slices}, "span": {"o": span}, "superblock": {"o": superblock}}
    geometry |= {"offset": {"o": offset}}
    expected = array_widths(Die(act_w=act_w, cell_bits=cell_bits, **geometry), "o")
    assert found == {name.upper(): width for name, width in expected._asdict().items()}
