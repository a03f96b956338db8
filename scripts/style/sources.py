# SPDX-License-Identifier: Apache-2.0
"""The sources of the project: what `make lint` looks at, and what is left out of it."""

from pathlib import Path

from models.project import ROOT

OTHERS = ("build", "history")  # folders that hold no sources, as those do whose names begin with a dot


def find(*endings: str, root: Path = ROOT) -> list[Path]:
    """The files below ``root`` whose names end in one of ``endings``, in order."""
    rooms = [room for room in root.iterdir() if room.is_dir() and not room.name.startswith(".")]
    files = [file for file in root.iterdir() if file.is_file()]
    files += [file for room in rooms if room.name not in OTHERS for file in room.rglob("*")]
    return sorted(file for file in files if file.name.endswith(endings) and file.is_file())
