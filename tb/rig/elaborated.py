# SPDX-License-Identifier: Apache-2.0
"""The RTL as slang elaborates it: what its structure tells, without a simulator."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pyslang.ast import SymbolKind
from pyslang.driver import Driver

from models.project import HDL
from tb.rig.build import PACKAGES

SCOPES = (SymbolKind.GenerateBlock, SymbolKind.GenerateBlockArray)


@contextmanager
def elaborated(top: str, shape_pkg: Path, *options: str, hdl: Path = HDL) -> Iterator[object]:
    """The instance of a top level, as slang's symbol; ``options`` are slang's. AssertionError if it reads no RTL."""
    modules = [file for file in sorted(hdl.glob("*.sv")) if file.name not in PACKAGES]
    files = [f"-I{hdl}", shape_pkg, *(hdl / name for name in PACKAGES), *modules]
    driver = Driver()
    driver.addStandardArgs()
    line = shlex.join(map(str, ["slang", "-F", hdl / "lint.f", "--top", top, *options, *files]))
    read = driver.parseCommandLine(line) and driver.processOptions() and driver.parseAllSources()
    assert read, "slang cannot read the RTL"
    compilation = driver.createCompilation()  # which owns the symbols
    yield compilation.getRoot().topInstances[0]


def members(instance: object, *kinds: SymbolKind) -> Iterator[object]:
    """What of these kinds an instance has of its own, in its generate scopes too."""
    inside = [instance.body]
    while inside:
        for member in inside.pop(0):
            if member.kind in SCOPES:
                inside.append(member)
            elif member.kind in kinds:
                yield member


def instances(top: object) -> Iterator[object]:
    """An instance and all below it."""
    yield top
    for below in members(top, SymbolKind.Instance):
        yield from instances(below)
