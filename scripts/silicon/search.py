# SPDX-License-Identifier: Apache-2.0
"""The dies that no other beats in both speed and size, whatever block and columns a scaling unit each matrix has.

What a matrix costs and how long it takes depends on its own block and share alone. So each matrix keeps what none of
its own choices beats, and sums of such are all that can be best in the end.
"""

import dataclasses
import math
import tomllib
from collections.abc import Iterable, Iterator
from itertools import product
from pathlib import Path
from typing import NamedTuple

from models.die import cost
from models.die.cost import Units
from models.die.cycles import Cycles
from models.die.shape import GROUP, MATRICES, SHARES, Die, Shape
from scripts.silicon.cells import longest_ps

BEFORE = tomllib.loads(Path(__file__).with_name("before.toml").read_text())  # a frontier of an earlier commit


class Choices(NamedTuple):
    """Of some matrices: what they take, what they cost, and (block, share) of each."""

    clocks: int  # of a token
    transistors: float
    sizes: tuple[tuple[int, int], ...]


class Candidate(NamedTuple):
    """A die of the frontier."""

    time: float  # of a token, in clocks; or in ns, where dies of several clocks are compared
    transistors: float
    die: Die


def frontier(units: Units, shape: Shape, base: Die, pos: int, most_ps: float = math.inf) -> list[Candidate]:
    """The best dies that differ from ``base`` in blocks and shares alone, for tokens at position ``pos``, fastest
    first; lines of a block take at most ``most_ps`` at the slow corner."""
    model = Cycles.of(shape, base)
    whole, fixed = model.token(pos), sum(cost.die(units, shape, base).values())
    found = [Choices(0, 0.0, ())]
    for name in MATRICES:
        times = 1 if name == "head" else shape.layers
        size = shape.matrix_size(name, base.lanes)
        whole -= times * model.matrix(name)
        fixed -= times * sum(cost.matrix(units, base, *size, name).values())
        own = [
            Choices(
                times * Cycles.of(shape, die).matrix(name),
                times * sum(cost.matrix(units, die, *size, name).values()),
                ((die.block[name], die.share[name]),),
            )
            for die in _dies(base, name, size[0], most_ps)
        ]
        sums = (
            (a.clocks + b.clocks, a.transistors + b.transistors, a.sizes + b.sizes)
            for a, b in product(found, best(own))
        )
        found = best(Choices(*one) for one in sums)
    return [Candidate(whole + one.clocks, fixed + one.transistors, _with(base, one.sizes)) for one in found]


def _dies(base: Die, name: str, rows: int, most_ps: float) -> Iterator[Die]:
    """``base`` with every number of blocks in one matrix, as small as they can be, and every share."""
    groups = -(-rows // GROUP)
    blocks = {-(-groups // count): None for count in range(1, groups + 1)}
    held = [block for block in blocks if longest_ps(block * GROUP, base.bit_lines, "slow") <= most_ps]
    for block, share in product(held, SHARES):
        yield dataclasses.replace(base, block=base.block | {name: block * GROUP}, share=base.share | {name: share})


def _with(base: Die, sizes: tuple[tuple[int, int], ...]) -> Die:
    blocks, shares = (dict(zip(MATRICES, values, strict=True)) for values in zip(*sizes, strict=True))
    return dataclasses.replace(base, block=blocks, share=shares)


def best(dies: Iterable) -> list:
    """Of tuples that begin with time and transistors those that no other beats in both, fastest first."""
    kept, least = [], float("inf")
    for one in sorted(dies, key=lambda one: one[:2]):
        if one[1] < least:
            least = one[1]
            kept.append(one)
    return kept
