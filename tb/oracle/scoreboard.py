"""The scoreboard: holds every observed stage against the golden model, with zero tolerance and nothing left out."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from models.golden.chip import Step
from models.golden.stage import CHIP, Stage
from tb.oracle.trace import Observed


@dataclass(frozen=True)
class Divergence:
    """The first value of a stage that differs."""

    slot: int
    pos: int
    token: int  # the token id at that position
    layer: int
    stage: Stage
    index: int
    expected: int
    got: int

    def order(self) -> tuple[int, int, int]:
        """Dataflow order inside a slot: a value depends on nothing behind it, so the least of these is the cause."""
        layer = self.layer
        if layer == CHIP and self.stage is Stage.EMBEDDING:
            layer = -1
        return self.pos, layer, int(self.stage)

    def __str__(self) -> str:
        where = "chip" if self.layer == CHIP else f"layer {self.layer}"
        return (
            f"first divergence: slot {self.slot}, position {self.pos}, token {self.token}, {where}, "
            f"stage {self.stage.name.lower()}, index {self.index}: expected {self.expected}, got {self.got}"
        )


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
            raise Mismatch(str(min(divergences, key=Divergence.order)))
        if strangers:
            raise strangers[0]

    def finish(self) -> None:
        """Mismatch unless every stage of every token that was begun has been seen."""
        for (slot, pos), (_, missing) in sorted(self.open.items()):
            layer, stage = min((-1 if s is Stage.EMBEDDING else n, s) for s, n in missing)
            where = "chip" if layer in (CHIP, -1) else f"layer {layer}"
            raise Mismatch(
                f"slot {slot}, position {pos}: {len(missing)} stages never came, the first {where} {stage.name.lower()}"
            )
        if not self.values:
            raise Mismatch("nothing was compared: the trace is empty")

    def _compare(self, item: Observed) -> Divergence | None:
        key = item.slot, item.pos
        if key not in self.open:
            step = self.expect(*key)
            if step is None:
                seen = f"layer {item.layer} {item.stage.name.lower()}"
                raise Mismatch(f"slot {item.slot}, position {item.pos}: the golden model has no such token ({seen})")
            self.open[key] = step, dict(step.stages)
        step, missing = self.open[key]
        expected = missing.pop((item.stage, item.layer), None)
        if expected is None:
            what = f"layer {item.layer} {item.stage.name.lower()}"
            raise Mismatch(f"slot {item.slot}, position {item.pos}: {what} came twice, or should not have come")
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
            what = f"layer {item.layer} {item.stage.name.lower()}"
            raise Mismatch(f"{what}: {item.values.size} values, not {expected.size}")
        index = int(np.flatnonzero(expected != item.values)[0])
        return Divergence(
            item.slot,
            item.pos,
            step.token_in,
            item.layer,
            item.stage,
            index,
            int(expected[index]),
            int(item.values[index]),
        )
