# SPDX-License-Identifier: Apache-2.0
"""``make shape``: the package of constants without which no flow can compile a model's die; it goes before the RTL."""

import sys
from pathlib import Path

from models.die import sv_package
from models.mask import etch
from models.project import BUILD
from scripts.cli.command import command
from scripts.cli.die import fields
from scripts.cli.model import load_model
from scripts.cli.parameters import DEPTH, DIE, MODEL, OUT


@command("shape", MODEL, DEPTH, DIE, OUT)
def main(*, model: str, depth: int, die: str, out: str) -> int:
    """Write the package and say where; gives 0."""
    print(write(model, depth, Path(out or BUILD / "shape_pkg.sv"), fields(die)))
    return 0


def write(model: str, depth: int, file: Path, die: dict | None = None) -> Path:
    """Write the package of a model's die to ``file``; ``die`` are its fields. InputError if none holds the model."""
    ckpt = load_model(model)
    return sv_package.write(ckpt.shape, etch.die_for(ckpt, kv_depth=depth, **die or {}), file)


if __name__ == "__main__":
    sys.exit(main(argv=sys.argv[1:]))
