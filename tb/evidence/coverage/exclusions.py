# SPDX-License-Identifier: Apache-2.0
"""What code coverage leaves out, and why: tb/evidence/coverage/exclusions.toml, in which nothing may be stale."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from models.errors import InputError
from tb.evidence.coverage.code import KINDS, Point, numbers
from tb.rig import tables

PATH = Path(__file__).with_name("exclusions.toml")


@dataclass(frozen=True)
class Exclusion:
    """Points of one kind in one file that cannot be reached.

    Attributes:
        file: in hdl/.
        kind: of the points, one of KINDS.
        signals: for toggles, names of signals without an index.
        bits: for toggles, which bits of those signals, '0, 4-7'; empty: all.
        source: for other kinds, text that the source line has, whatever its alignment.
        what: for other kinds, regular expression that matches the whole of the point's description; '': any.
    """

    file: str
    kind: str
    signals: tuple[str, ...] = ()
    bits: str = ""
    source: str = ""
    what: str = ""

    def __str__(self) -> str:
        return " ".join(filter(None, (self.file, self.kind, *self.signals, self.bits, self.source, self.what)))

    def covers(self, point: Point, text: str) -> bool:
        """Whether it is about this point, whose source line is ``text``."""
        if (point.file, point.kind) != (self.file, self.kind):
            return False
        if self.kind == "toggle":
            return point.signal in self.signals and (not self.bits or point.bit in set(numbers(self.bits)))
        source, line = (" ".join(one.split()) for one in (self.source, text))
        return source in line and (not self.what or re.fullmatch(self.what, point.what) is not None)


@dataclass(frozen=True)
class Reason:
    """Why points cannot be reached, and which."""

    text: str
    points: tuple[Exclusion, ...]


@dataclass(frozen=True)
class _File:
    reason: list[Reason] = field(default_factory=list)
    shortfall: dict[str, str] = field(default_factory=dict)


def load(path: Path = PATH) -> list[Reason]:
    """Read the file. InputError for an entry that is not complete."""
    found = tables.load(path, _File).reason
    for number, reason in enumerate(found, 1):
        where = f"{path.name}, reason {number}"
        if not reason.text.strip():
            raise InputError("it has no text", where, "say why this cannot be reached")
        if not reason.points:
            raise InputError("it has no points", where, "say what cannot be reached, or take the reason out")
        for place, exclusion in enumerate(reason.points, 1):
            _require(exclusion, f"{where}, points {place}")
    return found


def shortfalls(path: Path = PATH) -> dict[str, str]:
    """Why a kind of coverage is below its reach: kind -> reason. InputError for an unknown kind or an empty reason."""
    found = tables.load(path, _File).shortfall
    for kind, reason in found.items():
        if kind not in KINDS or not reason.strip():
            raise InputError(
                f"shortfall {kind} = {reason!r}", path.name, f"give a reason for one of {', '.join(KINDS)}"
            )
    return found


def _require(exclusion: Exclusion, where: str) -> None:
    """InputError unless an entry says what its kind wants, and nothing else."""
    if exclusion.kind not in KINDS:
        raise InputError(f"unknown kind {exclusion.kind!r}", where, f"use one of {', '.join(KINDS)}")
    about, strange = ("signals", ("source", "what")) if exclusion.kind == "toggle" else ("source", ("signals", "bits"))
    if wrong := [name for name in strange if getattr(exclusion, name)]:
        raise InputError(f"field {wrong[0]!r} is not for a {exclusion.kind}", where, f"use {about}")
    if not exclusion.file or not getattr(exclusion, about):
        raise InputError("it does not say what it is about", where, f"give file and {about}")


def apply(reasons: list[Reason], counts: dict[Point, int], hdl: Path) -> tuple[dict[Point, str], list[str]]:
    """(point -> reason, complaints): an exclusion about nothing, or about something that is reached, is stale.

    A bit is reached that changes both ways.
    """
    source = {file: (hdl / file).read_text(encoding="utf-8").splitlines() for file in {point.file for point in counts}}
    excluded: dict[Point, str] = {}
    stale = []
    for reason in reasons:
        for exclusion in reason.points:
            about = [point for point in counts if exclusion.covers(point, source[point.file][point.line - 1])]
            if not about:
                stale.append(f"stale exclusion, it matches nothing: {exclusion}")
            elif gone := set(exclusion.signals) - {point.signal for point in about}:
                stale.append(f"stale exclusion, {min(gone)} matches nothing: {exclusion}")
            missed = {_thing(point) for point in about if not counts[point]}
            if reached := [point for point in about if _thing(point) not in missed]:
                what = f"{len(reached)} of its {len(about)} points are reached, such as {reached[0].what}"
                stale.append(f"stale exclusion, {what} in line {reached[0].line}: {exclusion}")
            excluded |= {point: reason.text for point in about if not counts[point]}
    return excluded, stale


def _thing(point: Point) -> tuple:
    """What is reached or not: a point, or both changes of a bit."""
    where = point.file, point.line, point.column, point.kind
    return (*where, point.what.rsplit(":", 1)[0] if point.kind == "toggle" else point.what)
