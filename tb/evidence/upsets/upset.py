# SPDX-License-Identifier: Apache-2.0
"""An upset: which register it hits and when, drawn by a seed; and what became of the die."""

import math
import random
from collections import defaultdict
from dataclasses import dataclass, field

from models.golden.signature import STREAMS
from models.golden.stage import Stage

SIGNED = {Stage.EMBEDDING, Stage.LOGITS, *(stage for stages in STREAMS.values() for stage in stages)}


@dataclass(frozen=True)
class Flop:
    """A register: its module, its path in the die, the sizes of an array (() of none), an element's bits."""

    module: str
    path: str
    sizes: tuple[int, ...]
    width: int

    @property
    def bits(self) -> int:
        """Of all elements."""
        return self.width * math.prod(self.sizes)


@dataclass(frozen=True)
class Upset:
    """Bit ``bit`` of a register, of ``element`` if it is an array, turns over at a ``moment`` of a run, from 0 to 1.

    Without a path no bit does, and the host has the chip restarted.
    """

    number: int
    module: str
    path: str
    element: list[int]
    bit: int
    moment: float

    def __str__(self) -> str:
        return f"{self.path}{''.join(f'[{at}]' for at in self.element)}, bit {self.bit}"


@dataclass
class Aftermath:
    """What became of a die after upset ``number``, as its hosts and its stage taps saw it.

    ``clock`` is that of the upset, from the begin of the run. ``stages`` has of each slot with a wrong value the first
    such stage in dataflow order; ``streams`` the slots for which a signature would be another; ``answers`` those whose
    answers are not the golden ones; ``hung`` those whose answer did not go on. Where the host ``restarted`` the chip,
    ``lost`` has those whose answer has no end nevertheless. ``flags`` are the port's, ``told`` is what it
    refused or did not answer, or how its slots and its die were not at rest in the end, and ``counts`` what it counted
    that was not, which no host knows.
    """

    number: int
    clock: int = 0
    stages: dict[int, str] = field(default_factory=dict)
    streams: list[int] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    hung: list[int] = field(default_factory=list)
    restarted: bool = False
    lost: list[int] = field(default_factory=list)
    silent_port: bool = False
    flags: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    counts: list[str] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """The worst that it did: one of KINDS."""
        harmed = {*map(int, self.stages), *self.answers}
        if self.hung or self.lost or self.silent_port:
            return "hung"
        if len(harmed) > 1:
            return "disturbed"
        return "wrong" if harmed else "flagged" if self.flags or self.told or self.counts else "masked"

    @property
    def seen(self) -> str:
        """Of a wrong answer, by what: the tokens, else a signature, else a stage."""
        return "tokens" if self.answers else "signature" if self.streams else "stage" if self.stages else ""

    @property
    def mended(self) -> bool:
        """Whether all answers were golden after a restart."""
        return self.restarted and not (self.lost or self.answers or self.stages or self.silent_port)

    @property
    def silent(self) -> bool:
        """Whether a host hears nothing of harm that was done."""
        return self.kind in ("hung", "disturbed", "wrong") and not self.flags and not self.told and not self.silent_port


KINDS = ("masked", "flagged", "wrong", "disturbed", "hung")


def draw(every: list[Flop], seed: int, count: int) -> list[Upset]:
    """``count`` upsets, as many of each module as of any other; of a module every bit is as likely as another."""
    pick, modules = random.Random(seed), defaultdict(list)
    for flop in every:
        modules[flop.module].append(flop)
    names, drawn = sorted(modules), []
    for number in range(count):
        those = modules[names[number % len(names)]]
        flop = pick.choices(those, [one.bits for one in those])[0]
        element = [pick.randrange(size) for size in flop.sizes]
        drawn.append(Upset(number, flop.module, flop.path, element, pick.randrange(flop.width), pick.random()))
    return drawn
