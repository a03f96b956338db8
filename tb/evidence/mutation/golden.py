# SPDX-License-Identifier: Apache-2.0
"""One-line mutants of the golden model and of the etcher, by the rules below, found in Python's own syntax tree.

| rule | in the source | in the mutant |
|---|---|---|
| operator | `+ - * // %`, `== != < <= > >=`, `and or`, `& | ^`, shifts | its neighbour: `OPERATORS` |
| not | `not a`, `~a`, `-a` | `a` |
| constant, less | an integer; one from 2 | the next one; the one before |
| swap | `f(a, b)`, `[a, b]`, `(a, b)` | `f(b, a)`, `[b, a]`, `(b, a)` |
| condition | `if c`; `a if c else b` | `if not (c)`; `b if c else a` |

Left alone: docstrings, annotations, decorators, imports, assertions, and what only makes an error.
"""

import ast
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from tb.evidence.mutation.mutants import Mutant

ROOMS = {  # of models/, and the modules of them that are meant; None: all
    "golden": None,
    "mask": ("angles", "etch", "image"),
}
OPERATORS = {
    ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "+"), ast.FloorDiv: ("//", "*"), ast.Mod: ("%", "//"),
    ast.Div: ("/", "*"), ast.Pow: ("**", "*"), ast.MatMult: ("@", "*"),
    ast.LShift: ("<<", ">>"), ast.RShift: (">>", "<<"),
    ast.BitAnd: ("&", "|"), ast.BitOr: ("|", "&"), ast.BitXor: ("^", "|"),
    ast.Eq: ("==", "!="), ast.NotEq: ("!=", "=="), ast.Lt: ("<", "<="), ast.LtE: ("<=", "<"), ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"), ast.And: ("and", "or"), ast.Or: ("or", "and"),
}  # fmt: skip


def mutants(models: Path) -> dict[str, list[Mutant]]:
    """All mutants of each module of the folder ``models`` that is meant: 'golden.softmax' is golden/softmax.py."""
    found = {}
    for room, names in ROOMS.items():
        for file in sorted((models / room).glob("*.py")):
            if names is None or file.stem in names:
                module = f"{room}.{file.stem}"
                found[module] = list(_mutants(module, file.read_text(encoding="utf-8")))
    return {module: those for module, those in found.items() if those}


def _mutants(module: str, source: str) -> Iterator[Mutant]:
    lines = source.splitlines(keepends=True)
    text = source.encode()
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line.encode()))
    walk = _Walk(text, starts)
    walk.visit(ast.parse(source))
    seen = set()
    for start, end, new, rule in sorted(walk.edits):
        number = next(n for n, begin in enumerate(starts, 0) if begin > start)
        first, last = starts[number - 1], starts[number] - 1
        line, mutated = text[first:last].decode(), (text[first:start] + new.encode() + text[end:last]).decode()
        if end <= last and mutated != line and (number, mutated) not in seen:
            seen.add((number, mutated))
            name = f"{module}-{len(seen)}"
            yield Mutant(name, module, number, rule, line.strip(), mutated.strip(), start, end, new, ".py")


class _Walk(ast.NodeVisitor):
    """Collects edits (start, end, text, rule) over a syntax tree, in bytes of the source."""

    def __init__(self, text: bytes, starts: list[int]) -> None:
        self.text, self.starts = text, starts
        self.edits: list[tuple[int, int, str, str]] = []

    def visit_Raise(self, node: ast.Raise) -> None: ...
    def visit_Assert(self, node: ast.Assert) -> None: ...
    def visit_Import(self, node: ast.Import) -> None: ...
    def visit_ImportFrom(self, node: ast.ImportFrom) -> None: ...
    def visit_JoinedStr(self, node: ast.JoinedStr) -> None: ...

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        for statement in node.body:
            self.visit(statement)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value:
            self.visit(node.value)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        self._operator(node.left, node.op, node.right)
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        for left, right in pairwise(node.values):
            self._operator(left, node.op, right)
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        for (left, right), op in zip(pairwise([node.left, *node.comparators]), node.ops, strict=True):
            self._operator(left, op, right)
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        sign = {ast.Not: "not ", ast.Invert: "~", ast.USub: "-"}[type(node.op)]
        start = self._span(node)[0]
        self.edits.append((start, start + len(sign), "", "not"))
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if type(node.value) is int:
            self.edits.append((*self._span(node), str(node.value + 1), "constant"))
            if node.value > 1:
                self.edits.append((*self._span(node), str(node.value - 1), "less"))

    def visit_Call(self, node: ast.Call) -> None:
        if not (isinstance(node.func, ast.Name) and node.func.id.endswith("Error")):
            self._swap(node.args)
            self.generic_visit(node)

    def visit_Tuple(self, node: ast.Tuple) -> None:
        if isinstance(node.ctx, ast.Load):
            self._swap(node.elts)
        self.generic_visit(node)

    visit_List = visit_Tuple

    def visit_If(self, node: ast.If) -> None:
        self.edits.append((*self._span(node.test), f"not ({self._said(node.test)})", "condition"))
        self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self._exchange(node.body, node.orelse, "condition")
        self.generic_visit(node)

    def _operator(self, left: ast.expr, op: ast.AST, right: ast.expr) -> None:
        if type(op) in OPERATORS:
            sign, other = OPERATORS[type(op)]
            start = self._span(left)[1]
            at = self.text.index(sign.encode(), start)
            self.edits.append((at, at + len(sign), other, "operator"))

    def _swap(self, members: list[ast.expr]) -> None:
        for one, other in pairwise(members):
            self._exchange(one, other, "swap")

    def _exchange(self, one: ast.expr, other: ast.expr, rule: str) -> None:
        start, end = self._span(one)[0], self._span(other)[1]
        between = self.text[self._span(one)[1] : self._span(other)[0]].decode()
        self.edits.append((start, end, self._said(other) + between + self._said(one), rule))

    def _said(self, node: ast.expr) -> str:
        start, end = self._span(node)
        return self.text[start:end].decode()

    def _span(self, node: ast.expr) -> tuple[int, int]:
        return self.starts[node.lineno - 1] + node.col_offset, self.starts[node.end_lineno - 1] + node.end_col_offset
