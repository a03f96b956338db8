# SPDX-License-Identifier: Apache-2.0
"""Faults of the RTL that benches must see: all in one copy of it, each switched on by a plusarg, so that one build is
enough for all.
"""

import fcntl
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from models.project import BUILD, HDL


@dataclass(frozen=True)
class Fault:
    """An edit of one file of the RTL: ``old``, which occurs in it once, becomes ``new``.

    ON in the new text stands for "this fault is switched on", wherever that is no constant expression.
    """

    name: str
    file: str
    old: str
    new: str

    @property
    def plusarg(self) -> str:
        """Switches the fault on."""
        return f"+fault={self.name}"

    def apply(self, text: str) -> str:
        """The text of the file with the fault in it. AssertionError unless it holds ``old`` once."""
        old, new = find(self.old), re.sub(r"\bON\b", f'$test$plusargs("fault={self.name}")', self.new)
        count = len(old.findall(text))
        assert count == 1, f"{self.file} holds {self.old!r} {count} times"
        return old.sub(lambda _: new, text)


def find(code: str) -> re.Pattern:
    """What finds a piece of RTL however aligned and wrapped: blanks in it stand for any, at its ends for none."""
    pieces = (r"\s+" if piece.isspace() else re.escape(piece) for piece in re.split(r"(\s+)", code.strip()))
    return re.compile("".join(pieces))


def write_broken(name: str, faults: Sequence[Fault]) -> Path:
    """Write the RTL with all these faults in it; gives its folder, build/faulty/<name>/hdl. What has not changed is not
    written again, so that builds stay valid.

    AssertionError for a fault that does not apply, or whose plusarg would switch on another one too.
    """
    for one, other in itertools.permutations(faults, 2):
        assert not one.name.startswith(other.name), f"{one.plusarg} switches {other.name} on too"
    hdl = BUILD / "faulty" / name / "hdl"  # where lint.vlt knows it
    hdl.mkdir(parents=True, exist_ok=True)
    with hdl.with_suffix(".lock").open("w") as lock:  # tests run side by side
        fcntl.flock(lock, fcntl.LOCK_EX)
        for gone in {file.name for file in hdl.iterdir()} - {file.name for file in HDL.iterdir()}:
            (hdl / gone).unlink()
        for file in HDL.iterdir():
            text = file.read_text(encoding="utf-8")
            for fault in faults:
                text = fault.apply(text) if fault.file == file.name else text
            copy = hdl / file.name
            if not copy.is_file() or copy.read_text(encoding="utf-8") != text:
                copy.write_text(text, encoding="utf-8")
    return hdl
