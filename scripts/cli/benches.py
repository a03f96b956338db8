# SPDX-License-Identifier: Apache-2.0
"""The benches that a user's TEST names, and how one call of pytest runs them."""

import os
from pathlib import Path

from models.errors import InputError
from models.project import ROOT
from tb.rig import toolchain

NO_BENCHES = ("tb/rig", "tb/oracle")  # rooms of tb/ whose tests are of the benches' own parts

ALONE = ("-s", "-p", "no:xdist")  # options of pytest: one after another, and what they print is seen

QUIETLY = (
    "-v",
    "--no-header",
    "--tb=short",
    "--show-capture=no",
    "-p",
    "no:xdist",
)  # and only what failed, and where waves are


def choose(test: str, root: Path = ROOT, rooms: tuple[str, ...] = ("tb",)) -> list[str]:
    """Arguments with which pytest finds the tests of TEST: a node, a folder of tb/, or part of a name; '': all.

    ``rooms`` are where it looks for all, and for a part of a name.
    """
    if not test:
        return [*rooms]
    if (root / test.split("::")[0]).exists():
        return [test]
    return [f"tb/{test}"] if (root / "tb" / test).is_dir() else [*rooms, "-k", test]


def no_bench(test: str) -> InputError:
    """What to say where TEST matches nothing."""
    hint = "name a folder of tb/, a test file, or part of a test's name"
    return InputError(f"no bench matches {test!r}", "TEST", hint)


def run(
    test: str,
    seed: int,
    simulator: str,
    options: tuple[str, ...] = ALONE,
    rooms: tuple[str, ...] = ("tb",),
    **environment: str,
) -> int:
    """Run the benches of TEST in this process, on both simulators if ``simulator`` is ''; gives the exit status.

    ``options`` are pytest's, ``rooms`` those of ``choose``. ``environment`` is for the benches; it and theirs stay in
    this process's. InputError if TEST matches nothing.
    """
    import pytest

    if simulator:
        toolchain.require(simulator)
    os.environ |= {"SEED": str(seed), "SIM": simulator, **environment}
    code = pytest.main([*choose(test, rooms=rooms), *options])
    if code in (pytest.ExitCode.NO_TESTS_COLLECTED, pytest.ExitCode.USAGE_ERROR):
        raise no_bench(test)
    return int(code)
