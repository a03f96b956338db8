# SPDX-License-Identifier: Apache-2.0
"""``make vias``: a block of a model's die drawn, both masks, as a picture and as GDSII.

The picture begins with COLUMN; the GDSII file has all columns.
"""

import os
import sys
import tempfile
from pathlib import Path

from models.mask import etch, gdsii, via_picture
from models.mask.via_block import ViaBlock
from scripts.cli.command import command
from scripts.cli.files import RESULTS
from scripts.cli.model import load_model
from scripts.cli.parameters import ARRAY, BLOCK, COLUMN, LAYER, MODEL

FOLDER = RESULTS / "vias"


@command("vias", MODEL, ARRAY, LAYER, BLOCK, COLUMN)
def main(*, model: str, array: str, layer: int, block: int, column: int) -> int:
    """Draw a block of a die, and say where the files are."""
    ckpt = load_model(model)
    vias = ViaBlock.of(ckpt, etch.die_for(ckpt), array, layer, block)
    FOLDER.mkdir(parents=True, exist_ok=True)
    name = f"{Path(ckpt.path).stem}-{array}-{layer:03d}-{block}"
    print(f"{vias.cells.size:,} cells, {int(vias.scale_bits.sum()):,} scale vias")
    with tempfile.TemporaryDirectory(dir=FOLDER) as scratch:
        drawn = via_picture.draw(vias, Path(scratch, f"{name}.png"), column)
        written = gdsii.write(vias, Path(scratch, f"{name}.gds"))
        for file in (drawn, written):
            os.replace(file, FOLDER / file.name)
            print(FOLDER / file.name)
    return 0


if __name__ == "__main__":
    sys.exit(main(argv=sys.argv[1:]))
