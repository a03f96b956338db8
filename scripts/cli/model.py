# SPDX-License-Identifier: Apache-2.0
"""The checkpoint that a command's MODEL names, and what its user is told about it."""

import sys

from models.checkpoint import checkpoint, fetch
from models.checkpoint.checkpoint import Checkpoint
from models.die.shape import cell_count
from models.mask.etch import die_for, spare_cells


def load_model(model: str, layers: int | None = None) -> Checkpoint:
    """The checkpoint, of a published shape its first ``layers`` layers (None: all).

    A line on stderr each for what it loses on a die, and for cells that stay empty there. InputError if there is no
    such checkpoint, or no die holds it.
    """
    ckpt = checkpoint.load(fetch.resolve(model, layers))
    if ckpt.conversion:
        print(f"note: {ckpt.conversion}", file=sys.stderr)
    die = die_for(ckpt)
    if spare := {array: cells for array, cells in spare_cells(ckpt, die).items() if cells}:
        total = cell_count(ckpt.shape, die)
        share = f"{sum(spare.values()):,} of {total:,} cells are empty ({100 * sum(spare.values()) / total:.1f} %)"
        print(f"note: tensors of several widths share {', '.join(spare)}: {share}", file=sys.stderr)
    return ckpt
