# SPDX-License-Identifier: Apache-2.0
"""Which files a checkpoint is made of: a GGUF file alone, all parts of a split one, or those of a folder."""

import hashlib
import re
from pathlib import Path

from models.errors import InputError

NUMBERED = re.compile(r"(.+)-(\d{5})-of-(\d{5})\.gguf")  # as llama-gguf-split names them


def of(path: str) -> list[str]:
    """All parts of the split GGUF file that one of them names, in order; any other file alone.

    InputError if a part is missing.
    """
    name = NUMBERED.fullmatch(Path(path).name)
    if not name or not Path(path).is_file():
        return [path]
    count = int(name[3])
    if not 1 <= int(name[2]) <= count:
        raise InputError(f"part {name[2]} of {name[3]}", path, "name the parts as they were fetched")
    names = [str(Path(path).with_name(f"{name[1]}-{part:05}-of-{name[3]}.gguf")) for part in range(1, count + 1)]
    if missing := [name for name in names if not Path(name).is_file()]:
        what = f"{len(missing)} of {count} parts are missing, the first is {Path(missing[0]).name}"
        raise InputError(what, path, "put all parts into one folder")
    return names


def sha256(files: list[str]) -> str:
    """SHA-256 of all files, one after the other, in hexadecimal digits."""
    digest = hashlib.sha256()
    for name in files:
        with open(name, "rb") as file:
            while data := file.read(1 << 22):
                digest.update(data)
    return digest.hexdigest()
