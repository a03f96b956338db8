# SPDX-License-Identifier: Apache-2.0
"""The outputs of every module of hdl/, as slang elaborates a tiny die, and matrices that it has not."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from pyslang.ast import ArgumentDirection, SymbolKind

from models.checkpoint import checkpoint, tiny
from models.die import sv_package
from models.mask import etch
from models.project import HDL
from tb.rig.elaborated import elaborated, instances

GATE, SWITCH = (f"-GVIEW={sv_package.VIEWS[view]}" for view in ("gate", "switch"))
INTEGERS = ("-GSPAN=16", "-GSUPER=32")  # a matrix of spans that have integers, which a tiny die has not
TOPS = (("cartridge",), ("matrix", GATE, *INTEGERS), ("matrix", SWITCH))


def outputs(hdl: Path = HDL) -> dict[str, list[str]]:
    """Of each module its outputs in the order of its header; of one that is a struct the fields, as in 'tag_o.slot'.

    AssertionError if slang cannot read the RTL.
    """
    found: dict[str, list[str]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        ckpt = checkpoint.load(tiny.write(Path(scratch) / "tiny.gguf"))
        shape = sv_package.write(ckpt.shape, etch.die_for(ckpt, kv_depth=32), Path(scratch) / "shape_pkg.sv")
        for top, *options in TOPS:
            with elaborated(top, shape, *options, hdl=hdl) as whole:
                for instance in instances(whole):
                    found.setdefault(instance.definition.name, list(_outputs(instance)))
    return dict(sorted(found.items()))


def _outputs(instance: object) -> Iterator[str]:
    for port in instance.body.portList:
        if port.direction == ArgumentDirection.Out:
            yield from _names(port.name, port.type.canonicalType)


def _names(name: str, kind) -> Iterator[str]:
    """A port, or the fields of a struct, in turn taken apart."""
    if kind.kind == SymbolKind.PackedStructType:
        for field in kind:
            yield from _names(f"{name}.{field.name}", field.type.canonicalType)
    else:
        yield name
