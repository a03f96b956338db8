# SPDX-License-Identifier: Apache-2.0
"""The generator of cartridge.core: FuseSoC calls it with a YAML file that has the parameters ``model`` and ``depth``.

It leaves shape_pkg.sv in the current folder, and the core that holds it under the name that FuseSoC asks for.
"""

import sys
from pathlib import Path

import yaml

from models.errors import InputError
from scripts import shape
from scripts.cli.command import guard
from scripts.cli.parameters import DEPTH

CORE = """CAPI=2:
name: {name}
filesets:
  shape:
    files: [shape_pkg.sv]
    file_type: systemVerilogSource
targets:
  default:
    filesets: [shape]
"""


def main(arguments: list[str]) -> int:
    """Generate what FuseSoC's file asks for; gives the exit status."""
    return guard(lambda: generate(Path(*arguments)))


def generate(asked: Path) -> int:
    """Leave package and core; gives 0. InputError for a parameter that there is not, or a bad value."""
    request = yaml.safe_load(asked.read_text(encoding="utf-8"))
    given = {"model": "tiny", "depth": DEPTH.default} | (request["parameters"] or {})
    if unknown := given.keys() - {"model", "depth"}:
        raise InputError(f"unknown parameter {min(unknown)!r}", "generator shape", "use model and depth")
    depth = DEPTH.type.convert(given["depth"], DEPTH.of("shape"), None)
    shape.write(given["model"], depth, Path("shape_pkg.sv"))
    Path("shape.core").write_text(CORE.format(name=request["vlnv"]), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
