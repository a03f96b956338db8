"""What code coverage leaves out, and why: tb/evidence/coverage/exclusions.toml, in which nothing may be stale."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from models.errors import InputError
from tb.evidence.coverage.code import KINDS, Point, numbers

PATH = Path(__file__).with_name("exclusions.toml")


@dataclass(frozen=True)
class Exclusion:
    """Points of one kind in one file that cannot be reached.

    Attributes:
        file: in hdl/.
        kind: of the points, one of KINDS.
        reason: why.
        signals: for toggles, names of signals without an index.
        bits: for toggles, which bits of those signals, '0, 4-7'; empty: all.
        source: for other kinds, text that the source line has.
        what: for other kinds, regular expression that matches the whole of the point's description; '': any.
    """

    file: str
    kind: str
    reason: str
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
        return self.source in text and (not self.what or re.fullmatch(self.what, point.what) is not None)


def load(path: Path = PATH) -> list[Exclusion]:
    """Read the file. InputError for an entry that is not complete."""
    return [_entry(entry, f"{path.name}, entry {n}") for n, entry in enumerate(_read(path).get("exclude", []), 1)]


def shortfalls(path: Path = PATH) -> dict[str, str]:
    """Why a kind of coverage is below its reach: kind -> reason. InputError for an unknown kind or an empty reason."""
    found = _read(path).get("shortfall", {})
    for kind, reason in found.items():
        if kind not in KINDS or not reason.strip():
            raise InputError(
                f"shortfall {kind} = {reason!r}", path.name, f"give a reason for one of {', '.join(KINDS)}"
            )
    return found


def _read(path: Path) -> dict:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as problem:
        raise InputError(str(problem), path.name, "mend the TOML") from None


def _entry(entry: dict, where: str) -> Exclusion:
    if entry.get("kind") not in KINDS:
        raise InputError(f"unknown kind {entry.get('kind')!r}", where, f"use one of {', '.join(KINDS)}")
    about, more = ("signals", "bits") if entry["kind"] == "toggle" else ("source", "what")
    fields = {"file", "kind", "reason", about, more}
    if unknown := entry.keys() - fields:
        raise InputError(f"unknown field {min(unknown)!r}", where, f"use {', '.join(sorted(fields))}")
    if not entry.get("file") or not entry.get(about):
        raise InputError("it does not say what it is about", where, f"give file and {about}")
    if not entry.get("reason", "").strip():
        raise InputError("it has no reason", where, "say why this cannot be reached")
    return Exclusion(**{field: tuple(value) if isinstance(value, list) else value for field, value in entry.items()})


def applied(exclusions: list[Exclusion], counts: dict[Point, int], hdl: Path) -> tuple[dict[Point, str], list[str]]:
    """(point -> reason, complaints): an exclusion about nothing, or about something that is reached, is stale.

    A bit is reached that changes both ways.
    """
    source = {file: (hdl / file).read_text(encoding="utf-8").splitlines() for file in {point.file for point in counts}}
    excluded: dict[Point, str] = {}
    stale = []
    for exclusion in exclusions:
        about = [point for point in counts if exclusion.covers(point, source[point.file][point.line - 1])]
        if not about:
            stale.append(f"stale exclusion, it matches nothing: {exclusion}")
        elif gone := set(exclusion.signals) - {point.signal for point in about}:
            stale.append(f"stale exclusion, {min(gone)} matches nothing: {exclusion}")
        missed = {_thing(point) for point in about if not counts[point]}
        if reached := [point for point in about if _thing(point) not in missed]:
            what = f"{len(reached)} of its {len(about)} points are reached, such as {reached[0].what}"
            stale.append(f"stale exclusion, {what} in line {reached[0].line}: {exclusion}")
        excluded |= {point: exclusion.reason for point in about if not counts[point]}
    return excluded, stale


def _thing(point: Point) -> tuple:
    """What is reached or not: a point, or both changes of a bit."""
    where = point.file, point.line, point.column, point.kind
    return (*where, point.what.rsplit(":", 1)[0] if point.kind == "toggle" else point.what)
