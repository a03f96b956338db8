# SPDX-License-Identifier: Apache-2.0
"""Every output of every module has a reader: readers.toml is about the RTL as it is, and its checks are there."""

import re
import shutil
import tomllib
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from models.project import HDL, ROOT
from tb.evidence.outputs.ports import outputs

pytestmark = pytest.mark.once
READERS = tomllib.loads(Path(__file__).with_name("readers.toml").read_text(encoding="utf-8"))


def reads(pattern: str, output: str) -> bool:
    """Whether an entry is about an output: one of that name, one that fits, or a field of either."""
    return fnmatchcase(output, pattern) or fnmatchcase(output, f"{pattern}.*")


def unread(found: dict[str, list[str]]) -> list[str]:
    """The outputs that no entry is about."""
    patterns = {module: [one for those in checks.values() for one in those] for module, checks in READERS.items()}
    return [
        f"{module}.{output}"
        for module, names in found.items()
        for output in names
        if not any(reads(pattern, output) for pattern in patterns.get(module, []))
    ]


@pytest.fixture(scope="module")
def found():
    return outputs()


def test_every_output_is_read(found):
    assert not unread(found)
    assert found.keys() >= {file.stem for file in HDL.glob("*.sv") if not file.stem.endswith("_pkg")}


def test_no_entry_is_stale(found):
    for module, checks in READERS.items():
        for check, patterns in checks.items():
            stale = [p for p in patterns if not any(reads(p, output) for output in found.get(module, []))]
            assert not stale, f"{module} has no output {stale}, of which {check} shall read"


@pytest.mark.parametrize("check", sorted({check for checks in READERS.values() for check in checks}))
def test_the_check_is_there(check):
    file, name = check.split("::")
    text = (ROOT / file).read_text(encoding="utf-8")
    assert re.search(rf"(?:def|class|module) {name}\b|HOLDS\({name}\b", text), f"{file} has no {name}"


def test_a_new_output_is_unread(tmp_path):
    hdl = shutil.copytree(HDL, tmp_path / "hdl")
    file = hdl / "clk_gate.sv"
    source = file.read_text(encoding="utf-8")
    more = "  output logic clk_o,\n  output cartridge_pkg::sample_t how_o\n"
    file.write_text(source.replace("  output logic clk_o\n", more), encoding="utf-8")
    assert unread(outputs(hdl)) == ["clk_gate.how_o.top_k", "clk_gate.how_o.beta", "clk_gate.how_o.seed"]
