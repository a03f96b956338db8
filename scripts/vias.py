"""``make vias``: a block of a model's die drawn, both masks, as a picture and as GDSII.

Parameters come from the environment: MODEL, ARRAY (qkv, o, gateup, down, head), LAYER, BLOCK (its number in the array)
and COLUMN (the first in the picture; the GDSII file has all columns).
"""

import os
import sys
import tempfile
from pathlib import Path

from models.checkpoint import checkpoint, fetch
from models.mask import etch, gdsii, via_picture
from models.mask.via_block import ViaBlock
from scripts.command import RESULTS, guarded, number

FOLDER = RESULTS / "vias"
MOST = 2**31 - 1


def main() -> int:
    """Draw what the environment names; gives the exit status."""
    return guarded(vias)


def vias() -> int:
    """Draw, and say where it is."""
    asked = {name: number(name, 0, 0, MOST) for name in ("LAYER", "BLOCK", "COLUMN")}
    ckpt = checkpoint.load(fetch.resolve(os.environ.get("MODEL", "")))
    array = os.environ.get("ARRAY") or "qkv"
    block = ViaBlock.of(ckpt, etch.die_for(ckpt), array, asked["LAYER"], asked["BLOCK"])
    FOLDER.mkdir(parents=True, exist_ok=True)
    name = f"{Path(ckpt.path).stem}-{array}-{asked['LAYER']:03d}-{asked['BLOCK']}"
    print(f"{block.cells.size:,} cells, {int(block.scale_bits.sum()):,} scale vias")
    with tempfile.TemporaryDirectory(dir=FOLDER) as scratch:
        drawn = via_picture.draw(block, Path(scratch, f"{name}.png"), asked["COLUMN"])
        written = gdsii.write(block, Path(scratch, f"{name}.gds"))
        for file in (drawn, written):
            os.replace(file, FOLDER / file.name)
            print(FOLDER / file.name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
