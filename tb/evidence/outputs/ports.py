# SPDX-License-Identifier: Apache-2.0
"""The outputs of every module of hdl/, as slang elaborates a tiny die, and matrices that it has not."""

import shlex
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pyslang.ast import ArgumentDirection, SymbolKind
from pyslang.driver import Driver

from models.checkpoint import checkpoint, tiny
from models.die import sv_package
from models.mask import etch
from models.project import HDL
from tb.rig.build import PACKAGES

GATE, SWITCH = (f"-GVIEW={sv_package.VIEWS[view]}" for view in ("gate", "switch"))
INTEGERS = ("-GSPAN=16", "-GSUPER=32")  # a matrix of spans that have integers, which a tiny die has not
TOPS = (("cartridge",), ("matrix", GATE, *INTEGERS), ("matrix", SWITCH))


def outputs(hdl: Path = HDL) -> dict[str, list[str]]:
    """Of each module its outputs in the order of its header; of one that is a struct the fields, as in 'tag_o.slot'.

    AssertionError if slang cannot read the RTL.
    """
    found: dict[str, list[str]] = {}
    modules = [file for file in sorted(hdl.glob("*.sv")) if file.name not in PACKAGES]
    with tempfile.TemporaryDirectory() as scratch:
        ckpt = checkpoint.load(tiny.write(Path(scratch) / "tiny.gguf"))
        shape = sv_package.write(ckpt.shape, etch.die_for(ckpt, kv_depth=32), Path(scratch) / "shape_pkg.sv")
        files = [f"-I{hdl}", shape, *(hdl / name for name in PACKAGES), *modules]
        for top, *options in TOPS:
            driver = Driver()
            driver.addStandardArgs()
            line = shlex.join(map(str, ["slang", "-F", hdl / "lint.f", "--top", top, *options, *files]))
            read = driver.parseCommandLine(line) and driver.processOptions() and driver.parseAllSources()
            assert read, "slang cannot read the RTL"
            for instance in driver.createCompilation().getRoot().topInstances:
                _collect(instance, found)
    return dict(sorted(found.items()))


def _collect(instance, found: dict[str, list[str]]) -> None:
    """The outputs of an instance's module, and of those below it."""
    if instance.definition.name not in found:
        ports = [port for port in instance.body.portList if port.direction == ArgumentDirection.Out]
        names = (_names(port.name, port.type.canonicalType) for port in ports)
        found[instance.definition.name] = [name for of_port in names for name in of_port]

    def below(scope) -> None:
        for member in scope:
            if member.kind == SymbolKind.Instance:
                _collect(member, found)
            elif member.kind in (SymbolKind.GenerateBlock, SymbolKind.GenerateBlockArray):
                below(member)

    below(instance.body)


def _names(name: str, kind) -> Iterator[str]:
    """A port, or the fields of a struct, in turn taken apart."""
    if kind.kind == SymbolKind.PackedStructType:
        for field in kind:
            yield from _names(f"{name}.{field.name}", field.type.canonicalType)
    else:
        yield name
