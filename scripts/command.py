"""What the Makefile's commands share: parameters of the environment, the choice of benches, a guard, figure files."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from models.errors import InputError
from models.project import BUILD, ROOT

RESULTS = BUILD / "results"
SEED_MAX = 2**31 - 1


def guarded(job: Callable[[], int]) -> int:
    """Run a command's job: its status, or 1 with one line where a check fails, 2 with one line for bad input."""
    try:
        return job()
    except InputError as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 2
    except AssertionError as failure:
        print(f"FAILED: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return 130


NO_BENCHES = ("tb/rig", "tb/oracle")  # rooms of tb/ whose tests are of the benches' own parts


def number(name: str, default: int, least: int, most: int) -> int:
    """An integer parameter of the environment. InputError if it is none or out of range."""
    text = os.environ.get(name) or str(default)
    try:
        value = int(text)
    except ValueError:
        value = None
    if value is None or not least <= value <= most:
        raise InputError(f"{text!r} is no number from {least} to {most}", name, f"leave it out for {default}")
    return value


def chosen(test: str, root: Path = ROOT) -> list[str]:
    """Arguments with which pytest finds the benches of TEST: a node, a folder of tb/, or part of a name; '': all."""
    if not test:
        return ["tb"]
    if (root / test.split("::")[0]).exists():
        return [test]
    return [f"tb/{test}"] if (root / "tb" / test).is_dir() else ["tb", "-k", test]


def no_bench(test: str) -> InputError:
    """What to say where TEST matches nothing."""
    hint = "name a folder of tb/, a test file, or part of a test's name"
    return InputError(f"no bench matches {test!r}", "TEST", hint)


def write(path: Path, figures: dict) -> None:
    """Leave figures for machines."""
    write_text(path, json.dumps(figures, indent=2) + "\n")


def write_text(path: Path, text: str) -> None:
    """Leave a file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)
