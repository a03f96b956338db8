# SPDX-License-Identifier: Apache-2.0
"""The scoreboard: holds every observed stage against the golden model, with zero tolerance and nothing left out."""

from collections.abc import Callable

import numpy as np

from models.golden.chip import Step
from tb.oracle.finding import Divergence, Finding
from tb.oracle.place import Place
from tb.oracle.trace import Observed


class Mismatch(Exception):
    """RTL and golden model differ; says where first."""


class Scoreboard:
    """Compares what monitors observe with the golden steps that ``expect(slot, pos)`` gives.

    ``expect`` returns None for a token the golden model never saw.
    """

    def __init__(self, expect: Callable[[int, int], Step | None]) -> None:
        self.expect = expect
        self.open: dict[tuple[int, int], tuple[Step, dict]] = {}
        self.stages = self.values = self.tokens = 0
        self.last: Observed | None = None

    def check(self, observed: list[Observed]) -> None:
        """Compare a batch. Mismatch names the divergence that comes first in dataflow order.

        A value that should not be there at all is named only where nothing diverges: it follows from what does.
        """
        divergences, strangers = [], []
        for item in observed:
            try:
                if found := self._compare(item):
                    divergences.append(found)
            except Mismatch as stranger:
                strangers.append(stranger)
        if divergences:
            first = min(divergences, key=lambda divergence: divergence.place)
            Finding(str(first), first).leave()
            raise Mismatch(str(first))
        if strangers:
            raise strangers[0]

    def finish(self) -> None:
        """Mismatch unless every stage of every token that was begun has been seen."""
        if self.open:
            first = min(Place(*key, layer, stage) for key, (_, left) in self.open.items() for stage, layer in left)
            count = len(self.open[first.slot, first.pos][1])
            raise Mismatch(f"{count} stages never came, the first: {first}")
        if not self.values:
            raise Mismatch("nothing was compared: the trace is empty")

    def _compare(self, item: Observed) -> Divergence | None:
        place = item.place
        key = place.slot, place.pos
        if key not in self.open:
            step = self.expect(*key)
            if step is None:
                raise Mismatch(f"{place}: the golden model has no such token")
            self.open[key] = step, dict(step.stages)
        step, missing = self.open[key]
        expected = missing.pop((place.stage, place.layer), None)
        if expected is None:
            raise Mismatch(f"{place} came twice, or should not have come")
        if not missing:
            del self.open[key]
            self.tokens += 1
        expected = expected.ravel()
        self.stages += 1
        self.values += item.values.size
        self.last = item
        if np.array_equal(expected, item.values):
            return None
        if expected.shape != item.values.shape:
            raise Mismatch(f"{place}: {item.values.size} values, not {expected.size}")
        index = int(np.flatnonzero(expected != item.values)[0])
        return Divergence(place, step.token_in, index, int(expected[index]), int(item.values[index]))
