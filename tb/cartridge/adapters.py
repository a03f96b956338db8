# SPDX-License-Identifier: Apache-2.0
"""Random adapters for benches."""

from pathlib import Path

import numpy as np

from models.adapter import Adapter, Codes, module_sizes
from tb.chip.job import BuiltChip


def random(chip: BuiltChip, seed: int, path: Path, keep: float = 0.7) -> Path:
    """Write an adapter that changes about ``keep`` of a chip's modules; gives the path."""
    pick, rank = np.random.default_rng(seed), chip.die.rank
    modules = {
        name: Codes.of(pick.normal(size=(rank, inputs)) / inputs**0.5, pick.normal(size=(out, rank)) * 0.3, rank)
        for name, (out, inputs) in module_sizes(chip.ckpt.shape).items()
        if pick.random() < keep
    }
    return Adapter(chip.ckpt.shape, chip.die, modules).save(path)
