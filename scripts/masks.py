# SPDX-License-Identifier: Apache-2.0
"""``make masks``: two models of one geometry differ in two masks, and in nothing else of the die.

MODEL and OTHER are checkpoints as ``make sim`` takes them; without both, the tiny model and one of another seed. For
each of the two the base die is written from its own shape package, and synthesised: same RTL, same netlist. Then every
image of one is held against the other's.
"""

import sys
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from models.checkpoint.checkpoint import PARTS, Checkpoint
from models.die.shape import Die
from models.errors import InputError
from models.mask import diff, etch
from models.mask.diff import Change
from scripts.cli import tables
from scripts.cli.command import command
from scripts.cli.files import RESULTS, write
from scripts.cli.model import load_model
from scripts.cli.parameters import MODEL, OTHER
from scripts.silicon import netlist
from scripts.silicon.netlist import Netlist

TINY = ("tiny", "tiny-2")


@command("masks", MODEL, OTHER)
def main(*, model: str, other: str) -> int:
    """Compare two models' dies and masks, print, and leave build/results/masks.json."""
    pair = [load_model(name) for name in choose(model, other)]
    dies = [etch.die_for(ckpt) for ckpt in pair]
    diff.check_geometry(pair, dies)
    print(f"{' and '.join(map(_name, pair))}: a base die for each, and their masks", flush=True)
    sources = [netlist.sources(ckpt.shape, die) for ckpt, die in zip(pair, dies, strict=True)]
    of_sources: dict[str, Netlist] = {}  # the same sources are not synthesised twice
    for ckpt, die, source in zip(pair, dies, sources, strict=True):
        if source not in of_sources:
            of_sources[source] = netlist.synthesise(ckpt.shape, die)
    netlists = [of_sources[source] for source in sources]
    changes = diff.compare(*pair, dies[0])
    figures = summarise(pair, dies[0], sources, netlists, changes)
    write(RESULTS / "masks.json", figures)
    show(figures)
    if not figures["base_die"]["same"]:
        raise AssertionError("the base dies of the two models differ")
    return 0


def choose(model: str, other: str) -> tuple[str, str]:
    """The two models to compare, TINY without any. InputError if only one is named."""
    if not model and not other:
        return TINY
    for name, value in (("MODEL", model), ("OTHER", other)):
        if not value:
            raise InputError("two models are compared, and one is given", name, "name it, or neither")
    return model, other


def summarise(
    pair: list[Checkpoint], die: Die, sources: list[str], netlists: list[Netlist], changes: list[Change]
) -> dict:
    """The figures of a comparison, under the names of build/results/masks.json."""
    hashes = [found.sha256 for found in netlists]
    return {
        "models": [{"name": _name(ckpt), "checkpoint_sha256": ckpt.sha256} for ckpt in pair],
        "die": asdict(die),
        "base_die": {
            "same": len(set(sources)) == 1 and len(set(hashes)) == 1,
            "rtl_sha256": sources,
            "netlist_sha256": hashes,
            "units": list(netlists[0].units),
            "cells": dict(netlists[0].cells.most_common()),
        },
        "mask_1": _mask([change for change in changes if change.mask == 1]),
        "mask_2": _mask([change for change in changes if change.mask == 2]),
    }


def _mask(changes: list[Change]) -> dict:
    """Sums of a mask, of each of its images over all layers, and of each layer."""
    images = {}
    for change in changes:
        image = images.setdefault(change.image, _sums([]) | {"layers": []})
        image["layers"].append(_sums([change]))
    for image in images.values():
        for count in ("size", "changed", "bits"):
            image[count] = sum(layer[count] for layer in image["layers"])
    return _sums(changes) | {"images": images}


def _sums(changes: list[Change]) -> dict:
    return {count: sum(getattr(change, count) for change in changes) for count in ("size", "changed", "bits")}


def show(figures: dict) -> None:
    """Print the tables."""
    console = Console()
    die = figures["base_die"]
    cells = f"{sum(die['cells'].values()):,} cells in {len(die['units'])} units"
    table = Table(title=f"base die, SHA-256: {'the same' if die['same'] else 'DIFFERENT'}", caption=cells)
    for column in ("model", "RTL and shape package", "netlist"):
        table.add_column(column)
    for model, sources, found in zip(figures["models"], die["rtl_sha256"], die["netlist_sha256"], strict=True):
        table.add_row(model["name"], sources[:16], found[:16])
    tables.show(console, table)
    tables.show(console, _layers(figures["mask_1"]["images"]))
    tables.show(console, _total("mask 1: weights", figures["mask_1"], "cells", bits=False))
    tables.show(console, _total("mask 2: scales, gains, tables", figures["mask_2"], "words", bits=True))


def _layers(images: dict) -> Table:
    """Vias of mask 1 that move, by layer and array."""
    table = Table(title="mask 1: vias moved in each layer")
    for column in ("layer", *PARTS):
        table.add_column(column, justify="right")
    for layer, row in enumerate(zip(*(images[array]["layers"] for array in PARTS), strict=True)):
        table.add_row(str(layer), *(f"{cell['changed']:,} ({_share(cell)})" for cell in row))
    return table


def _total(title: str, mask: dict, unit: str, *, bits: bool) -> Table:
    """A mask's images, all layers together."""
    table = Table(title=title)
    table.add_column("image")
    for column in (unit, "changed", "share", *(["bits changed"] if bits else [])):
        table.add_column(column, justify="right")
    for name, image in (*mask["images"].items(), ("all", mask)):
        counts = (f"{image['size']:,}", f"{image['changed']:,}", _share(image))
        table.add_row(name, *counts, *([f"{image['bits']:,}"] if bits else []))
    return table


def _share(counts: dict) -> str:
    return f"{100 * counts['changed'] / counts['size']:.1f} %"


def _name(ckpt: Checkpoint) -> str:
    return Path(ckpt.path).name


if __name__ == "__main__":
    sys.exit(main(argv=sys.argv[1:]))
