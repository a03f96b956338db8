# SPDX-License-Identifier: Apache-2.0
"""Folders that belong to one run each, also when runs of one kind overlap; what dead runs left is swept.

A folder belongs to whoever holds a lock on the file beside it, and a lock ends with its process, however that ends.
"""

import fcntl
import itertools
import os
import shutil
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


class Holder:
    """Whoever has a folder, where that is nothing else."""


def take(folder: Path, owner: object) -> Path:
    """An empty folder of this name, or where another run has that one, of this name and a number.

    It is ``owner``'s as long as that lives, and stays when it is gone, up to the next run of that name.
    """
    for number in itertools.count(1):
        mine = folder if number == 1 else folder.with_name(f"{folder.name}-{number}")
        if (lock := _locked(mine)) is not None:
            weakref.finalize(owner, os.close, lock)
            shutil.rmtree(mine, ignore_errors=True)
            mine.mkdir(parents=True)
            return mine
    raise AssertionError


@contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """An empty folder of this name, or of it and a number, gone after the ``with``, and before it what dead runs left
    beside it."""
    _sweep(folder.parent)

    holder = Holder()
    mine = take(folder, holder)
    try:
        yield mine
    finally:
        _remove(mine)
        del holder


def _sweep(room: Path) -> None:
    """Remove the folders in ``room`` that belong to nobody."""
    for folder in [entry for entry in room.iterdir() if entry.is_dir()] if room.is_dir() else []:
        if (lock := _locked(folder)) is not None:
            _remove(folder)
            os.close(lock)


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(FileNotFoundError):
        _lock_of(folder).unlink()


def _lock_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.lock")


def _locked(folder: Path) -> int | None:
    """A lock on a folder, which may not be there yet; None where another run, or this process, has it."""
    path = _lock_of(folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if path.stat().st_ino == os.fstat(lock).st_ino:  # else it was swept in between
            return lock
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(lock)
    return None
