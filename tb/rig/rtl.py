# SPDX-License-Identifier: Apache-2.0
"""The RTL as Verible reads it: syntax trees of its files, and the constants and types of its package."""

import ast
import json
import operator
import re
import subprocess
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

VERIBLE = Path(sysconfig.get_path("scripts"), "verible-verilog-syntax")
BASES = {"b": 2, "d": 10, "h": 16}
LITERAL = re.compile(r"\d*'s?([bdh])([\da-fA-F_]+)")
OPERATIONS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.FloorDiv: operator.floordiv}


def trees(files: list[Path]) -> dict[Path, dict]:
    """Verible's syntax tree of each file."""
    done = subprocess.run([VERIBLE, "--export_json", "--printtree", *files], capture_output=True, text=True)
    assert done.returncode == 0, f"Verible cannot parse the RTL\n{done.stderr}"
    parsed = json.loads(done.stdout)
    return {file: parsed[str(file)]["tree"] for file in files}


@dataclass(frozen=True)
class Field:
    """A field of a packed struct: the type by name ('': none), its lowest bit and its bits."""

    name: str
    kind: str
    first: int
    width: int


class Package:
    """Constants and types of a package.

    Args:
        file: its source.
        macros: the values of macros that constants and types use.
    """

    def __init__(self, file: Path, **macros: int) -> None:
        self._source, self._macros = file.read_bytes(), macros
        self._tree = trees([file])[file]

    def constant(self, name: str) -> int:
        """A parameter of type int. KeyError if there is none of that name."""
        return self._value(self._constants[name])

    def width(self, name: str) -> int:
        """Bits of a type."""
        return self._width(self._types[name])

    def fields(self, name: str) -> list[Field]:
        """The fields of a packed struct, the highest one first; none of a type that is no struct."""
        found, first = [], self.width(name)
        for member in nodes(self._types[name], "kStructUnionMember"):
            kind = next(nodes(member, "kDataType"))
            width = self._width(kind)
            first -= width
            found.append(Field(self._name(member), self._named(kind), first, width))
        return found

    def enum(self, name: str) -> dict[str, int]:
        """Names and values of an enumeration, each of which is written out."""
        members = nodes(self._types[name], "kEnumName")
        return {self._name(one): self._value(self._text(next(nodes(one, "kExpression")))) for one in members}

    @cached_property
    def _constants(self) -> dict[str, str]:
        """Parameters as they are written."""
        found = {}
        for node in nodes(self._tree, "kParamDeclaration"):
            found[self._name(next(nodes(node, "kParamType")))] = self._text(next(nodes(node, "kExpression")))
        return found

    @cached_property
    def _types(self) -> dict[str, dict]:
        """The syntax tree of each type."""
        found = {}
        for node in nodes(self._tree, "kTypeDeclaration"):
            found[self._name(node)] = next(nodes(node, "kDataType"))
        return found

    def _width(self, node: dict) -> int:
        for kind in ("kStructType", "kEnumType"):
            for inner in nodes(node, kind):
                if kind == "kStructType":
                    return sum(self._width(next(nodes(one, "kDataType"))) for one in nodes(inner, "kStructUnionMember"))
                return self._width(next(nodes(inner, "kDataType")))
        if named := self._named(node):
            return self.width(named)
        width = 1
        for dimension in nodes(node, "kDimensionRange"):
            high, low = (self._value(self._text(end)) for end in nodes(dimension, "kExpression"))
            width *= high - low + 1
        return width

    def _named(self, node: dict) -> str:
        """The type that a type is only another word for; '' for one that is written out."""
        return "" if any(nodes(node, "kDataTypePrimitive")) else self._text(next(nodes(node, "SymbolIdentifier")))

    def _value(self, text: str) -> int:
        text = LITERAL.sub(lambda number: str(int(number[2], BASES[number[1]])), text.replace("/", "//"))
        return self._evaluate(ast.parse(text.replace("`", "").strip(), mode="eval").body)

    def _evaluate(self, node: ast.expr) -> int:
        if isinstance(node, ast.Name):
            return self._macros[node.id] if node.id in self._macros else self.constant(node.id)
        if isinstance(node, ast.BinOp) and type(node.op) in OPERATIONS:
            return OPERATIONS[type(node.op)](self._evaluate(node.left), self._evaluate(node.right))
        if isinstance(node, ast.Constant) and isinstance(node.value, int):
            return node.value
        raise ValueError(f"no constant of the package: {ast.unparse(node)}")

    def _name(self, node: dict) -> str:
        """What a declaration declares: its last word that is no part of a type or a value."""
        words = (self._text(leaf) for leaf in _leaves(node, without=("kDataType", "kExpression")))
        return [word for word in words if word.isidentifier()][-1]

    def _text(self, node: dict) -> str:
        leaves = list(_leaves(node))
        return self._source[leaves[0]["start"] : leaves[-1]["end"]].decode()


def nodes(node: dict | None, tag: str) -> Iterator[dict]:
    """The outermost nodes of a tag below a node, or the node itself."""
    if node and node["tag"] == tag:
        yield node
        return
    for child in (node or {}).get("children", ()):
        yield from nodes(child, tag)


def _leaves(node: dict | None, without: tuple[str, ...] = ()) -> Iterator[dict]:
    if node and "start" in node:
        yield node
    for child in (node or {}).get("children", ()):
        if child and child["tag"] not in without:
            yield from _leaves(child, without)
