# SPDX-License-Identifier: Apache-2.0
"""What the machine refuses, said in one line for every command: what, where, whose it is and what to do."""

import errno
import os
import pwd
import re
import select
import sys
from pathlib import Path

from models import space
from models.errors import InputError
from models.project import BUILD, ROOT

FULL = (errno.ENOSPC, errno.EDQUOT)
DENIED = (errno.EACCES, errno.EPERM, errno.EEXIST, errno.ENOTEMPTY)  # the last two: what is foreign stays in the way
PATH = re.compile(r"[A-Za-z0-9/._+@=,~-]+")  # what make, Perl and simulators do not take apart; setup.sh says it too


def explain(problem: OSError) -> InputError:
    """The line that an OSError is for a user."""
    where = Path(os.fsdecode(problem.filename2 or problem.filename or BUILD)).absolute()
    there = _present(where)
    if problem.errno in FULL:
        return space.exhausted(there)
    if problem.errno == errno.EROFS or (problem.errno in DENIED and not _may_change(there)):
        return _denied(there)
    if problem.errno == errno.ENOENT:
        return InputError("no such file or folder", str(where), "name one that is there; `make setup` mends tools")
    return InputError((problem.strerror or str(problem)).lower(), str(where), "mend that, and do the same again")


def refuse_foreign(folder: Path) -> None:
    """InputError if a folder of what is built, or the place for it, is not this user's to change: sudo left it.

    So it is if the tools that build there do not understand its path.
    """
    if not PATH.fullmatch(str(folder)):
        hint = "name another BUILD, or move the checkout"
        raise InputError("a path of letters, digits and ._+@=,~- is needed", str(folder), hint)
    there = _present(folder)
    for top, folders, _ in os.walk(there) if there == folder else [(str(there), [], [])]:
        if not _may_change(Path(top)) and os.path.exists(top):  # other runs remove theirs meanwhile
            raise _denied(Path(top))
        folders[:] = [name for name in folders if Path(top, name) != folder / "checkpoints"]  # read, and often shared


def reader_has_gone() -> bool:
    """Whether nobody reads what this process prints (``make sim | head``); then it is silent to its end."""
    poll = select.poll()
    poll.register(sys.stdout, 0)
    if gone := bool(poll.poll(0)):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return gone


def _denied(there: Path) -> InputError:
    owner, user = (_name(uid) for uid in (there.stat().st_uid, os.geteuid()))
    if os.statvfs(there).f_flag & os.ST_RDONLY:
        return InputError("the file system is read-only", str(there), "work in a checkout that can be written")
    if owner == user:
        return InputError(f"its owner, {user}, may not change it", str(there), f"`chmod -R u+rwX {there}`")
    what = f"it belongs to {owner}, and {user} may not change it"
    if not there.is_relative_to(ROOT):
        return InputError(what, str(there), f"name another place, or ask {owner}")
    mine = BUILD if there.is_relative_to(BUILD) else there
    return InputError(what, str(there), f"`sudo chown -R {user} {mine}`")


def _present(path: Path) -> Path:
    """A path itself, or its nearest parent that is there."""
    return next(place for place in (path, *path.parents) if os.path.exists(place))


def _may_change(path: Path) -> bool:
    return os.access(path, os.R_OK | os.W_OK | (os.X_OK if path.is_dir() else 0))


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"  # as in a container that was told a number
