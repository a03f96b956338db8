# SPDX-License-Identifier: Apache-2.0
"""``make shape``: the package of constants without which no flow can compile a model's die; it goes before the RTL."""

import sys
from pathlib import Path

from models.die import sv_package
from models.mask import etch
from models.project import BUILD
from scripts.cli.command import command
from scripts.cli.model import load_model
from scripts.cli.parameters import DEPTH, MODEL, OUT


@command("shape", MODEL, DEPTH, OUT)
def main(*, model: str, depth: int, out: str) -> int:
    """Write the package and say where; gives 0."""
    print(write(model, depth, Path(out or BUILD / "shape_pkg.sv")))
    return 0


def write(model: str, depth: int, file: Path) -> Path:
    """Write the package of a model's die to ``file``. InputError if no die holds the model."""
    ckpt = load_model(model)
    return sv_package.write(ckpt.shape, etch.die_for(ckpt, kv_depth=depth), file)


if __name__ == "__main__":
    sys.exit(main(argv=sys.argv[1:]))
