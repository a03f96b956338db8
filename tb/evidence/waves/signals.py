# SPDX-License-Identifier: Apache-2.0
"""The signals of an FST file: what is in it, and when a stage tap took a beat."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pywellen

from models.golden.stage import Stage

INDEX = {4, 6, 7}  # kinds of blocks that hold the names, which a simulator writes last of all, on closing the file


@dataclass(frozen=True)
class Tap:
    """A stage tap of the trace: its scope (of the module ``stage_tap``) and what it watches."""

    scope: str
    stage: Stage
    layer: int

    @property
    def owner(self) -> str:
        """The scope of the layer or chip that it belongs to."""
        parts = self.scope.split(".")
        inner = next(i for i, part in enumerate(parts) if part.startswith(("u_tap", "u_attention")))
        return ".".join(parts[:inner])


class Signals:
    """The variables of a trace by their full names. ``ns`` is a nanosecond in the file's units of time.

    OSError if the file is not there, RuntimeError if it is no whole FST.
    """

    def __init__(self, fst: Path) -> None:
        if not INDEX & _blocks(fst):  # pywellen panics there too, some later than others
            raise RuntimeError(f"{fst} has no index")
        wave = pywellen.Waveform(str(fst))
        self.variables: dict[str, pywellen.Var] = {}
        for variable in wave.all_vars():
            self.variables.setdefault(variable.full_name, variable)
        exponent = {"fs": 15, "ps": 12, "ns": 9, "us": 6, "ms": 3, "s": 0}[str(wave.timescale.unit).split(".")[-1]]
        self.ns = 10 ** (exponent - 9) // wave.timescale.factor

    def __contains__(self, name: str) -> bool:
        return name in self.variables

    def width(self, name: str) -> int:
        """Bits of a signal."""
        return self.variables[name].bitwidth

    def within(self, scope: str) -> dict[str, int]:
        """Names and widths of the signals that a scope itself declares, parameters and array elements left out."""
        prefix = f"{scope}."
        return {
            name: variable.bitwidth
            for name, variable in self.variables.items()
            if name.startswith(prefix)
            and name.removeprefix(prefix).isidentifier()
            and str(variable.var_type) != "Parameter"
            and variable.bitwidth
        }

    def scopes(self, scope: str) -> list[str]:
        """The scopes right below one."""
        prefix = f"{scope}."
        inner = (name.removeprefix(prefix).split(".") for name in self.variables if name.startswith(prefix))
        return sorted({prefix + parts[0] for parts in inner if len(parts) > 1})

    def taps(self) -> list[Tap]:
        """All stage taps, in dataflow order."""
        found = []
        for name in self.variables:
            scope, _, last = name.rpartition(".")
            if last == "stage_i" and f"{scope}.layer_i" in self:
                stage, layer = (self._last(f"{scope}.{port}") for port in ("stage_i", "layer_i"))
                if isinstance(stage, int) and isinstance(layer, int):
                    found.append(Tap(scope, Stage(stage), layer))
        return sorted(found, key=lambda tap: (tap.stage, tap.layer, tap.scope))

    def lanes(self, tap: Tap) -> int:
        """Values of one of the beats that a tap takes together."""
        return self.width(f"{tap.scope}.data_i") // 32 // self.width(f"{tap.scope}.fire_i")

    def beats(self, tap: Tap) -> Iterator[tuple[int, int, int, int, list[int]]]:
        """(time, tag, beat, its first lane, all lanes as unsigned 32-bit words) of every beat that a tap wrote to the
        trace."""
        clock, fire, tag, beat, data = (
            _History(self.variables[f"{tap.scope}.{port}"]) for port in ("clk_i", "fire_i", "tag_i", "beat_i", "data_i")
        )
        lanes, together = self.lanes(tap), self.width(f"{tap.scope}.fire_i")
        for time in clock.rises():
            fires = fire.before(time)
            for at in range(together) if isinstance(fires, int) else ():
                if fires >> at & 1:
                    word = data.before(time)
                    known = range(lanes * together) if isinstance(word, int) else ()
                    yield (
                        time,
                        tag.before(time),
                        beat.before(time) + at,
                        at * lanes,
                        [word >> 32 * i & 0xFFFFFFFF for i in known],
                    )

    def begin(self, scope: str) -> int:
        """When something first changes in a scope after the values of time 0: 0, or when the trace's window opens."""
        times = [time for name in self.within(scope) for time, _ in _changes(self.variables[name])[1:2]]
        return min(times, default=0)

    def end(self, scope: str) -> int:
        """When something last changes in a scope."""
        return max((time for name in self.within(scope) for time, _ in _changes(self.variables[name])[-1:]), default=0)

    def _last(self, name: str) -> int | str | None:
        changes = _changes(self.variables[name])
        return changes[-1][1] if changes else None


class _History:
    """The values of a variable over time; one with unknown bits is text."""

    def __init__(self, variable: pywellen.Var) -> None:
        changes = _changes(variable)
        self.times, self.values = [time for time, _ in changes], [value for _, value in changes]

    def before(self, time: int) -> int | str | None:
        """The value that a register sees which is clocked at ``time``."""
        index = bisect_left(self.times, time)
        return self.values[index - 1] if index else None

    def rises(self) -> Iterator[int]:
        """Times of rising edges."""
        for index, (time, value) in enumerate(zip(self.times, self.values, strict=True)):
            if index and value == 1 and self.values[index - 1] == 0:
                yield time


def _blocks(fst: Path) -> set[int]:
    """The kinds of the blocks of an FST: a byte for the kind, eight for the length, which counts itself."""
    kinds, size = set(), fst.stat().st_size
    with fst.open("rb") as file:
        while len(head := file.read(9)) == 9 and (end := file.tell() - 8 + int.from_bytes(head[1:])) <= size:
            kinds.add(head[0])
            file.seek(end)
    return kinds


def _changes(variable: pywellen.Var) -> list[tuple[int, int | str]]:
    """(time, new value) of every change."""
    return list(variable.tv)
