# SPDX-License-Identifier: Apache-2.0
"""The flip-flops of a die: what its RTL, as synthesis sees it, assigns at an edge of a clock.

SRAM has its code, and is left out; so is what a mask holds, which nothing assigns.
"""

from collections.abc import Iterator
from pathlib import Path

from pyslang.ast import AssignmentExpression, ExpressionKind, ProceduralBlockKind, SymbolKind

from models.project import HDL
from tb.evidence.upsets.upset import Flop
from tb.rig.elaborated import elaborated, instances, members

SRAM = ("ecc_sram", "mem")
CLOCKED = (ProceduralBlockKind.AlwaysFF, ProceduralBlockKind.Always)
PARTS = (ExpressionKind.ElementSelect, ExpressionKind.RangeSelect, ExpressionKind.MemberAccess)


def flops(shape_pkg: Path, hdl: Path = HDL) -> list[Flop]:
    """Every register of the die of a shape package, in the order of its hierarchy."""
    found = {}
    with elaborated("cartridge", shape_pkg, "-DSYNTHESIS", hdl=hdl) as die:
        for instance in instances(die):
            module = instance.definition.name
            for block in members(instance, SymbolKind.ProceduralBlock):
                for symbol in _kept(block) if block.procedureKind in CLOCKED else ():
                    if (module, symbol.name) != SRAM:
                        path = symbol.hierarchicalPath.removeprefix("cartridge.")
                        found[path] = Flop(module, path, *_size(symbol.type.canonicalType))
    return list(found.values())


def _kept(block: object) -> Iterator[object]:
    """The variables that a clocked block assigns for later: not those that it only calculates with."""
    found: list[tuple[object, bool]] = []

    def note(node: object) -> None:
        if isinstance(node, AssignmentExpression):
            found.append((node.left, node.isNonBlocking))

    block.body.visit(note)
    while found:
        target, later = found.pop()
        if target.kind == ExpressionKind.Concatenation:
            found += [(part, later) for part in target.operands]
            continue
        while target.kind in PARTS:
            target = target.value
        if later or target.symbol.name.endswith("_q"):
            yield target.symbol


def _size(kind: object) -> tuple[tuple[int, ...], int]:
    """The sizes of a type, () where it is no array, and the bits of an element. Arrays of hdl/ begin at 0."""
    sizes = []
    while kind.kind == SymbolKind.FixedSizeUnpackedArrayType:
        sizes.append(kind.range.width)
        kind = kind.elementType.canonicalType
    return tuple(sizes), kind.bitstreamWidth
