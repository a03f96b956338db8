# SPDX-License-Identifier: Apache-2.0
"""What make's command line gives, held against what is declared: a misspelt parameter is refused before any work.

``python -m scripts.cli.given NAME...`` says whether all of these names are declared, for setup.sh, which has no package
at that time: this file needs nothing but Python.
"""

import difflib
import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from models.errors import InputError

GIVEN = "CARTRIDGE_GIVEN"  # from the Makefile: the names that its command line sets
PASSED_OVER = "CARTRIDGE_PASSED_OVER"  # and the parameters that its environment has, which it keeps to itself
PARAMETERS = Path(__file__).with_name("parameters.py")


def declared() -> list[str]:
    """The names of all parameters of all commands, as the Makefile reads them."""
    return re.findall(r"^([A-Z_]+) = Parameter\b", PARAMETERS.read_text(encoding="utf-8"), re.MULTILINE)


def refuse(names: Iterable[str], known: Iterable[str], who: str) -> None:
    """InputError, with the nearest name, if one of ``names`` is none of those that ``who`` takes."""
    known = sorted(known)
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name.upper(), known, 1)
            takes = f"it takes {', '.join(known)}" if known else "it takes none"
            hint = f"did you mean {near[0]}?" if near else takes if len(known) < 20 else "`make help` lists all"
            raise InputError(f"{who} takes no {name}", "make's command line", hint)


def take(command: str, known: Iterable[str]) -> None:
    """Hold what make's command line gave to this command against the names that it takes; once, for this process only.

    InputError for a name too many. A parameter that the environment has is no parameter; the user is told which.
    """
    given, passed_over = (os.environ.pop(name, "").split() for name in (GIVEN, PASSED_OVER))
    known = set(known)
    refuse(given, known, f"`make {command}`")
    if missed := sorted(known.intersection(passed_over)):
        line = " ".join(["make", command, *(f"{name}=..." for name in missed)])
        print(f"note: {', '.join(missed)} of the environment is not taken; write `{line}`", file=sys.stderr)


def main(names: list[str]) -> int:
    """0 if all of these names are declared, else 2 after one line."""
    try:
        refuse(names, declared(), "make")
    except InputError as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
