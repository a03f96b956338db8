# SPDX-License-Identifier: Apache-2.0
"""``mask.json`` of a mask's folder: what the mask is of, and the size and SHA-256 of every file."""

import dataclasses
import hashlib
import json
from pathlib import Path

from models.checkpoint.checkpoint import Checkpoint
from models.die.shape import Die, Shape
from models.errors import InputError
from models.mask.image import damaged

FORMAT = 4  # version of docs/masks.md; masks of another version are etched anew
FILE = "mask.json"


def describe(ckpt: Checkpoint, die: Die) -> dict:
    """What identifies the mask of a checkpoint on a die, as JSON gives it back; the files join it in ``write``."""
    identity = {
        "format": FORMAT,
        "checkpoint": ckpt.sha256,
        "shape": dataclasses.asdict(ckpt.shape),
        "die": dataclasses.asdict(die),
        "tensors": {name: tensor.kind for name, tensor in ckpt.tensors.items()},
    }
    return json.loads(json.dumps(identity))  # tuples become lists


def entry(size: int, digest: "hashlib._Hash") -> dict:
    """What the index says of a file of so many bytes."""
    return {"bytes": size, "sha256": digest.hexdigest()}


def write(folder: Path, identity: dict, files: dict[str, dict]) -> None:
    """Write the index of a mask whose ``files`` have these entries by name."""
    text = json.dumps(identity | {"files": files}, indent=1) + "\n"
    (folder / FILE).write_text(text, encoding="utf-8")


def matches(folder: Path, identity: dict) -> bool:
    """Whether ``folder`` holds the mask of this identity, every file in its full size (contents are not read)."""
    try:
        found = json.loads((folder / FILE).read_text(encoding="utf-8"))
        sizes = {folder / name: file["bytes"] for name, file in found.pop("files").items()}
        return found == identity and all(file.stat().st_size == size for file, size in sizes.items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def read(folder: Path) -> tuple[Shape, Die, dict[str, str]]:
    """Shape, die, and the kind of every quantised tensor by name. InputError where the index is missing or corrupt."""
    try:
        index = json.loads((folder / FILE).read_text(encoding="utf-8"))
        if index["format"] != FORMAT:
            raise InputError(f"the mask has format {index['format']}, not {FORMAT}", str(folder), "etch it anew")
        factors = tuple(index["shape"].pop("rope_factors"))
        return Shape(**index["shape"], rope_factors=factors), Die(**index["die"]), index["tensors"]
    except OSError as error:
        raise InputError(f"no mask here: {error.strerror}", str(folder / FILE), "etch one") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise damaged(folder, f"{FILE} is corrupt") from None
