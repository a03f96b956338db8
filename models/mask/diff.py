# SPDX-License-Identifier: Apache-2.0
"""What two models of one die differ in: cells of mask 1 whose via moves, words and bits of mask 2 that change."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
from tqdm import tqdm

from models.checkpoint.checkpoint import Checkpoint
from models.die.shape import Die
from models.errors import InputError
from models.mask.etch import images
from models.mask.image import DIGITS, Image, Kind, whole_mask

TABLES = {"rope_base", "rope_dim", "rope_factors"}  # of a shape: all they say is in a table of mask 2


@dataclass(frozen=True)
class Change:
    """One image: ``mask`` 1 (weight vias) or 2 (scales, gains, tables), where it lies, and how much of it changes.

    ``size`` counts cells of mask 1, words of mask 2; ``changed`` those that differ; ``bits`` of mask 2 that differ.
    """

    mask: int
    image: str
    layer: int
    size: int
    changed: int
    bits: int


def check_geometry(pair: list[Checkpoint], dies: list[Die]) -> None:
    """InputError that names the first difference, unless both checkpoints fit the same base die."""
    ours, theirs = (_geometry(ckpt, die) for ckpt, die in zip(pair, dies, strict=True))
    for name, value in ours.items():
        if theirs[name] != value:
            what = f"the models need different dies: {name} {value} in {pair[0].path}, {theirs[name]} in the other"
            raise InputError(what, pair[1].path, "compare models of one geometry")


def compare(a: Checkpoint, b: Checkpoint, die: Die) -> list[Change]:
    """What changes from ``a`` to ``b``, image by image. Both must fit ``die``; nothing is written."""
    pairs = zip(images(a, die), images(b, die), strict=True)
    count = len(whole_mask(a.shape, die))
    return [_change(ours, theirs) for ours, theirs in tqdm(pairs, "masks", count, unit="image", disable=None)]


def _change(ours: Image, theirs: Image) -> Change:
    """What changes from one image to the other of the same place."""
    differ = ours.words ^ theirs.words
    if ours.kind is Kind.CELLS:
        moved = sum(int(np.count_nonzero(differ & np.uint32(15 << 4 * digit))) for digit in range(DIGITS))
        return Change(ours.mask, ours.array, ours.layer, ours.size, moved, 0)
    bits = int(np.bitwise_count(differ).sum())
    return Change(ours.mask, ours.array, ours.layer, ours.size, int(np.count_nonzero(differ)), bits)


def _geometry(ckpt: Checkpoint, die: Die) -> dict[str, object]:
    """Everything that the base die is built for, flat, by name."""
    return dict(_flat(asdict(ckpt.shape) | asdict(die)))


def _flat(fields: dict, prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, value in fields.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{name} of ")
        elif name not in TABLES:
            yield f"{prefix}{name}", value
