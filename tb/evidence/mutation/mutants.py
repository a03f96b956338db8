# SPDX-License-Identifier: Apache-2.0
"""One-line mutants of RTL: what could be written wrong in hdl/, by the rules below, found in Verible's syntax tree.

| rule | in the RTL | in the mutant |
|---|---|---|
| operator | `+ - * / %`, `== != < <= > >=`, `&& ||`, `& | ^`, shifts | its neighbour: `OPERATORS` |
| not | `!a`, `~a`, `-a` | `a` |
| constant | a number, of a table's line the first; `'0`, `'1` | the next number of that width; the other one |
| less | a number from 2 | the number before it |
| index | `a[i]`, `a[i+:n]` | `a[i + 1]`, `a[i + 1+:n]` |
| swap | `f(a, b)`, `{a, b}` | `f(b, a)`, `{b, a}` |
| wire | `.a_i(x)` beside `.b_i(y)` | `.a_i(y)` |
| sign | `$signed(a)`, `>>>`, `logic signed` | `$unsigned(a)`, `>>`, `logic` |
| state | a name of an enumeration | the next one of it |
| condition | `if (c)`; `c ? a : b` | `if (!(c))`; `c ? b : a` |
| term | `a && b`, `a || b` | `a`; `b` |
| handshake | a valid or ready in an expression | `1'b1` |
| update | `a_q <= b;` | nothing |
| reset | the same behind `if (rst_i)` | nothing |

Left alone: module headers, widths and sizes in declarations and casts, bounds of loops, macros, comments, and what
synthesis does not see.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from tb.rig.rtl import nodes, trees

OPERATORS = {
    "+": "-", "-": "+", "*": "+", "/": "*", "%": "/",
    "==": "!=", "!=": "==", "<": "<=", "<=": "<", ">": ">=", ">=": ">",
    "&&": "||", "||": "&&", "&": "|", "|": "&", "^": "|",
    "<<": ">>", ">>": "<<", "<<<": ">>>", ">>>": "<<<",
}  # fmt: skip
RESET = re.compile(r"\brst")
INPUT = re.compile(r"(?!clk|rst)\w+_i")
HANDSHAKE = re.compile(r"(?:\w+_)?(?:valid|ready)(?:_\w+)?")
COMMENT = re.compile(r"\s*//.*")
TABLE = re.compile(r"(?:\d+'[dh]\w+,?\s*){3,}")  # a line of constants
UNSEEN = {"trace_pkg"}  # no part of the chip
SIMULATION = re.compile(rb"^`ifndef SYNTHESIS$.*?^`(?:else|endif)$", re.DOTALL | re.MULTILINE)
ALONE = {
    "kModuleHeader",
    "kFunctionHeader",
    "kPackedDimensions",
    "kUnpackedDimensions",
    "kPackageImportDeclaration",
    "kTypeDeclaration",
    "kForCondition",
    "kForStepList",
    "kMacroCall",
    "kPreprocessorDefine",
    "kPreprocessorInclude",
    "kEventControl",
}


@dataclass(frozen=True)
class Mutant:
    """A line of a module written otherwise.

    Attributes:
        name: of the module and a number, counted through the module.
        module: file of hdl/ without suffix; of models/ with its folder, as in 'golden.softmax'.
        number: of the line, from 1.
        rule: that made it.
        line, mutated: the line, squeezed, as it is and as it becomes.
        start, end, text: bytes ``start`` to ``end`` of the file become ``text``.
        suffix: of the file.
    """

    name: str
    module: str
    number: int
    rule: str
    line: str
    mutated: str
    start: int
    end: int
    text: str
    suffix: str = ".sv"

    def __str__(self) -> str:
        return f"{self.name} ({self.rule}) {self.file}:{self.number}: {self.mutated or 'nothing'}"

    @property
    def file(self) -> str:
        """Of the module, in the folder of its side."""
        return f"{self.module.replace('.', '/')}{self.suffix}"

    def apply(self, folder: Path) -> None:
        """Change the file of the module in the folder of its side: hdl/, or models/."""
        file = folder / self.file
        source = file.read_bytes()
        file.write_bytes(source[: self.start] + self.text.encode() + source[self.end :])


def mutants(hdl: Path) -> dict[str, list[Mutant]]:
    """All mutants of each module of ``hdl`` that has some, in the order of the source."""
    files = [file for file in sorted(hdl.glob("*.sv")) if file.stem not in UNSEEN]
    read = {file.stem: (file.read_bytes(), tree) for file, tree in trees(files).items()}
    named = {module: _states(*text) for module, text in read.items()}
    shared = {
        name: after for module, states in named.items() if module.endswith("_pkg") for name, after in states.items()
    }
    found = {module: _mutants(module, *text, shared | named[module]) for module, text in read.items()}
    return {module: those for module, those in found.items() if those}


def uses(hdl: Path) -> dict[str, set[str]]:
    """The modules and packages of ``hdl`` that each file names, and those that they name in turn; itself included."""
    found = trees(sorted(hdl.glob("*.sv")))
    named = {file.stem: set(_symbols(tree, file.read_bytes())) for file, tree in found.items()}
    direct = {module: names & named.keys() for module, names in named.items()}
    reached = {}
    for module in direct:
        reached[module], frontier = {module}, {module}
        while frontier:
            frontier = set().union(*(direct[name] for name in frontier)) - reached[module]
            reached[module] |= frontier
    return reached


def _symbols(node: dict | None, source: bytes) -> Iterator[str]:
    if node and node["tag"] == "SymbolIdentifier":
        yield source[node["start"] : node["end"]].decode()
    for child in (node or {}).get("children", ()):
        yield from _symbols(child, source)


def _states(source: bytes, tree: dict) -> dict[str, str]:
    """The names of a file's enumerations, and of each the one that follows; the first one follows the last."""
    found = {}
    for members in nodes(tree, "kEnumNameList"):
        symbols = (next(_symbols(member, source)) for member in nodes(members, "kEnumName"))
        names = list(symbols)
        found |= dict(zip(names, [*names[1:], names[0]], strict=True))
    return found


def _mutants(module: str, source: bytes, tree: dict, states: dict[str, str]) -> list[Mutant]:
    """All mutants of a file. Of several that are the same text the first one stays."""
    unseen = [match.span() for match in SIMULATION.finditer(source)]
    walk = _Walk(source, states)
    walk.node(tree, inside_reset=False)
    found = {}
    for start, end, text, rule in sorted(walk.edits):
        old = source[start:end].decode()
        if "\n" in old or any(a <= start < b for a, b in unseen):
            continue
        first, last = source.rfind(b"\n", 0, start) + 1, source.find(b"\n", end)
        line = source[first:last].decode()
        if TABLE.fullmatch(line.strip()) and line[: start - first].strip():
            continue
        mutated = source[first:start].decode() + text + source[end:last].decode()
        if mutated == line:
            continue
        found.setdefault((first, mutated), (source.count(b"\n", 0, start) + 1, rule, line, mutated, start, end, text))
    return [
        Mutant(f"{module}-{n}", module, number, rule, squeeze(line), squeeze(mutated), *edit)
        for n, (number, rule, line, mutated, *edit) in enumerate(found.values(), 1)
    ]


def squeeze(line: str) -> str:
    """A line without its comment, and with one blank where it has several: alignment says nothing."""
    return " ".join(COMMENT.sub("", line).split())


class _Walk:
    """Collects edits (start, end, text, rule) over a syntax tree."""

    def __init__(self, source: bytes, states: dict[str, str]) -> None:
        self.source, self.states = source, states
        self.edits: list[tuple[int, int, str, str]] = []
        self.dropped: set[tuple[int, int]] = set()  # terms of &&: without one is the same as 1'b1 for it
        self.rules: dict[str, Callable[[dict, list[dict]], None]] = {
            "kBinaryExpression": self._binary,
            "kUnaryPrefixExpression": self._not,
            "kNumber": self._constant,
            "kDimensionSlice": self._index,
            "kDimensionScalar": self._index,
            "kIfHeader": self._if,
            "kGenerateIf": self._if,
            "kConditionExpression": self._choice,
            "kUnqualifiedId": self._name,
            "kArgumentList": self._swap,
            "kOpenRangeList": self._swap,
            "kPortActualList": self._wires,
            "kSystemTFCall": self._signed,
            "kDataTypePrimitive": self._signed,
        }

    def node(self, node: dict, inside_reset: bool) -> None:
        """Collect in ``node``, which is behind a reset or not."""
        tag, children = node["tag"], [child for child in node.get("children", ()) if child]
        if tag == "kFunctionHeader":
            for kind in nodes(node, "kDataTypePrimitive"):
                self._signed(kind, kind["children"])
        if tag in ALONE or not children:
            return
        if tag == "kNonblockingAssignmentStatement":
            self._edit(node, ";", "reset" if inside_reset else "update")
        if tag in ("kNonblockingAssignmentStatement", "kNetVariableAssignment"):
            children = [*self._indices(children[0]), *children[1:]]
        elif tag == "kActualNamedPort" and self._text(children[1]).endswith("_o"):
            return
        elif tag == "kCast":
            children = children[1:]
        elif tag == "kIfClause":
            header, *bodies = children
            self.node(header, inside_reset)
            for body in bodies:
                self.node(body, inside_reset or bool(RESET.search(self._text(header))))
            return
        elif tag in self.rules:
            self.rules[tag](node, children)
        for child in children:
            self.node(child, inside_reset)

    def _indices(self, node: dict) -> list[dict]:
        """The indices in what is assigned."""
        found = []
        for child in filter(None, node.get("children", ())):
            indexed = child["tag"] in ("kDimensionSlice", "kDimensionScalar")
            found += [child] if indexed else self._indices(child)
        return found

    def _binary(self, node: dict, children: list[dict]) -> None:
        spans = [self._span(child) for child in children]
        for i in range(1, len(children), 2):
            sign = self._text(children[i])
            if sign in OPERATORS:
                self._edit(children[i], OPERATORS[sign], "operator")
            if sign == ">>>":
                self._edit(children[i], ">>", "sign")
            if sign == "&&":
                self.dropped |= {spans[i - 1], spans[i + 1]}
            if sign in ("&&", "||"):
                self.edits.append((spans[i - 1][1], spans[i + 1][1], "", "term"))
                if i == 1:
                    self.edits.append((spans[0][0], spans[2][0], "", "term"))

    def _not(self, node: dict, children: list[dict]) -> None:
        if self._text(children[0]) in ("!", "~", "-"):
            self._edit(children[0], "", "not")

    def _constant(self, node: dict, children: list[dict]) -> None:
        text = self._text(node)
        if text in ("'0", "'1"):
            self._edit(node, {"'0": "'1", "'1": "'0"}[text], "constant")
        elif text.isdigit():
            self._edit(node, str(int(text) + 1), "constant")
            if int(text) > 1:
                self._edit(node, str(int(text) - 1), "less")
        elif match := re.fullmatch(r"(\d+)'(s?)([bdh])(\w+)", text):
            width, sign, base, digits = match.groups()
            value, form = int(digits, {"b": 2, "d": 10, "h": 16}[base]), {"b": "b", "d": "d", "h": "x"}[base]
            self._edit(node, f"{width}'{sign}{base}{(value + 1) % (1 << int(width)):{form}}", "constant")
            if value > 1:
                self._edit(node, f"{width}'{sign}{base}{value - 1:{form}}", "less")
            if sign:
                self._edit(node, f"{width}'{base}{digits}", "sign")

    def _index(self, node: dict, children: list[dict]) -> None:
        text = self._text(children[1])
        if not text.isdigit():
            self._edit(children[1], f"{text} + 1", "index")

    def _if(self, node: dict, children: list[dict]) -> None:
        (group,) = [child for child in children if child["tag"] == "kParenGroup"]
        self._edit(group, f"(!{self._text(group)})", "condition")

    def _choice(self, node: dict, children: list[dict]) -> None:
        condition, _, yes, _, no = children
        self._edit(node, f"{self._text(condition)} ? {self._text(no)} : {self._text(yes)}", "condition")

    def _name(self, node: dict, children: list[dict]) -> None:
        text = self._text(node)
        if HANDSHAKE.fullmatch(text) and self._span(node) not in self.dropped:
            self._edit(node, "1'b1", "handshake")
        if text in self.states:
            self._edit(node, self.states[text], "state")

    def _swap(self, node: dict, children: list[dict]) -> None:
        members = [child for child in children if self._text(child) != ","]
        for one, other in pairwise(members):
            start, end = self._span(one)[0], self._span(other)[1]
            between = self.source[self._span(one)[1] : self._span(other)[0]].decode()
            self.edits.append((start, end, self._text(other) + between + self._text(one), "swap"))

    def _wires(self, node: dict, children: list[dict]) -> None:
        """Into an input goes what goes into the next one, where both are written out."""
        inputs = [
            port["children"][2]
            for port in nodes(node, "kActualNamedPort")
            if len(port["children"]) > 2 and port["children"][2] and INPUT.fullmatch(self._text(port["children"][1]))
        ]
        for one, other in pairwise(inputs):
            self._edit(one, self._text(other), "wire")

    def _signed(self, node: dict, children: list[dict]) -> None:
        for child in filter(None, children):
            if self._text(child) == "$signed":
                self._edit(child, "$unsigned", "sign")
            elif self._text(child) == "signed":
                self._edit(child, "", "sign")

    def _edit(self, node: dict, text: str, rule: str) -> None:
        self.edits.append((*self._span(node), text, rule))

    def _text(self, node: dict) -> str:
        start, end = self._span(node) or (0, 0)
        return self.source[start:end].decode()

    def _span(self, node: dict) -> tuple[int, int] | None:
        if "start" in node:
            return node["start"], node["end"]
        spans = [span for child in node["children"] if child and (span := self._span(child))]
        return (spans[0][0], spans[-1][1]) if spans else None
