# SPDX-License-Identifier: Apache-2.0
"""Writes GTKWave's save file: which signals are shown, in which groups, in which format, and where the cursor is.

The flags and lines are those of GTKWave 3.3 (analyzer.h and savefile.c in its sources).
"""

import math
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_HEX, _DECIMAL, _BINARY, _RIGHT = 1 << 1, 1 << 2, 1 << 3, 1 << 5
_BLANK, _SIGNED, _HIDDEN, _TRANSLATED = 1 << 9, 1 << 10, 1 << 12, 1 << 13
_CLOSED, _BEGIN, _END, _FIXED = 1 << 22, 1 << 23, 1 << 24, 1 << 30
_TEXT = 44  # characters of a line of text
_FRAMES = 5  # of 200 pixels, the unit of zoom, in a window of this size


@dataclass(frozen=True)
class Format:
    """How values are shown; ``fraction`` bits of fixed point, or the names of a filter file (value and name a line)."""

    flags: int
    fraction: int = 0
    names: Path | None = None


BIT = Format(_BINARY | _RIGHT)
HEX = Format(_HEX | _RIGHT)
DECIMAL = Format(_DECIMAL | _RIGHT)
INTEGER = Format(_SIGNED | _RIGHT)


def fixed_point(fraction: int, signed: bool) -> Format:
    """Decimal fixed point with so many fraction bits."""
    return Format(_FIXED | _RIGHT | (_SIGNED if signed else _DECIMAL), fraction=fraction)


def named(names: Path) -> Format:
    """The names that a filter file gives to hexadecimal values."""
    return Format(_HEX | _RIGHT | _TRANSLATED, names=names)


class SaveFile:
    """A save file in the making. ``span`` is what the window shows at first: (first time, last time) in dump units."""

    def __init__(self, dump: Path, span: tuple[int, int], marker: int | None = None) -> None:
        self.dump, self.span, self.marker = dump.resolve(), span, marker
        self.lines: list[str] = []
        self.groups: dict[str, list[str]] = {}  # the signals of each, by their full names
        self._group = ""
        self._filters: dict[Path, int] = {}

    @contextmanager
    def group(self, name: str, closed: bool = False) -> Iterator[None]:
        """What is added inside belongs to the group; a group without signals leaves no line."""
        start, outer, self._group = len(self.lines), self._group, name
        self.lines += [f"@{_BEGIN | _BLANK | (_CLOSED if closed else 0):x}", f"-{name}"]
        yield
        self._group = outer
        if len(self.lines) == start + 2:
            del self.lines[start:]
        else:
            self.lines += [f"@{_END | _BLANK | (_CLOSED | _HIDDEN if closed else 0):x}", f"-{name}"]

    def comment(self, text: str) -> None:
        """Text among the signals."""
        for line in textwrap.wrap(text, _TEXT):
            self.lines += [f"@{_BLANK:x}", f"-{line}"]

    def signal(self, name: str, width: int, form: Format, label: str | None = None) -> None:
        """A whole signal, under its own name or a label."""
        self._name(name)
        full = name if width == 1 else f"{name}[{width - 1}:0]"
        self._add(form, f"+{{{label}}} {full}" if label else full)

    def part(self, name: str, width: int, first: int, count: int, form: Format, label: str) -> None:
        """Bits ``first`` .. ``first + count - 1`` of a signal of so many bits, under a label."""
        self._name(name)
        bits = range(width - first - count, width - first)  # GTKWave counts from the left
        self._add(form, " ".join([f"#{{{label}}}", *(f"({bit}){name}[{width - 1}:0]" for bit in bits)]))

    def write(self, path: Path) -> None:
        """Leave the file. It finds the dump when both are moved together."""
        begin, end = self.span
        zoom = -math.log2(max(end - begin, 1) / _FRAMES)
        marker = -1 if self.marker is None else self.marker
        head = [
            "[*] GTKWave save file of Cartridge (docs/waves.md)",
            f'[dumpfile] "{self.dump}"',
            f'[savefile] "{path.resolve()}"',
            f"[timestart] {begin}",
            "[size] 1600 1000",
            "[pos] -1 -1",
            f"*{zoom:.6f} {marker}" + " -1" * 26,
            "[sst_width] 40",
            "[signals_width] 500",
            "[sst_expanded] 0",
        ]
        path.write_text("\n".join([*head, *self.lines, "[pattern_trace] 1", "[pattern_trace] 0"]) + "\n")

    def _name(self, name: str) -> None:
        names = self.groups.setdefault(self._group, [])
        if name not in names:
            names.append(name)

    def _add(self, form: Format, line: str) -> None:
        self.lines.append(f"@{form.flags:x}")
        if form.fraction:
            self.lines.append(f"[fpshift_count] {form.fraction}")
        if form.names:
            number = self._filters.setdefault(form.names, len(self._filters) + 1)
            self.lines.append(f"^{number} {form.names.resolve()}")
        self.lines.append(line)
