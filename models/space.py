# SPDX-License-Identifier: Apache-2.0
"""Room on a disk: whether it has run out, and what to say then."""

import os
from pathlib import Path

from models.errors import InputError

LEAST = 1 << 20  # bytes: with fewer left, whatever failed may have failed of that
NEED = "SmolLM2 takes 0.7 GB of build/, the whole suite 3 GB"


def free(folder: Path) -> int:
    """Bytes that this user may still write where ``folder``, or its nearest parent that is there, lies."""
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    disk = os.statvfs(there)
    return disk.f_bavail * disk.f_frsize


def is_full(folder: Path, said: str = "") -> bool:
    """Whether there is no room where a folder lies, or a tool ``said`` so, which may have made some again."""
    return free(folder) < LEAST or "No space left on device" in said


def exhausted(folder: Path, need: str = NEED) -> InputError:
    """What to raise when room has run out: where, how much is left, and the ``need``."""
    what = f"no space left: {free(folder) / 1e6:,.0f} MB are free, and {need}"
    return InputError(what, str(folder), "make room there; `make clean` removes what was built")
