# SPDX-License-Identifier: Apache-2.0
"""Mutants that change nothing that can be seen: harmless.toml and harmless_golden.toml, an argument for each."""

from dataclasses import dataclass, field
from pathlib import Path

from models.errors import InputError
from tb.evidence.mutation.mutants import Mutant, squeeze
from tb.rig import tables

PATHS = {"rtl": Path(__file__).with_name("harmless.toml"), "golden": Path(__file__).with_name("harmless_golden.toml")}
LEAST = 20  # characters of an argument that says something


@dataclass(frozen=True)
class Harmless:
    """A mutant, by its text, and why no bench can tell it from the RTL.

    Attributes:
        module: as a ``Mutant`` has it.
        line, mutated: as a ``Mutant`` has them.
        because: the argument.
        occurrence: which of the lines that are alike, from 1.
    """

    module: str
    line: str
    mutated: str
    because: str
    occurrence: int = 1

    def covers(self, mutant: Mutant) -> bool:
        """Whether it is about this mutant, whatever the alignment of its line."""
        about = (self.module, squeeze(self.line), squeeze(self.mutated))
        return (mutant.module, mutant.line, mutant.mutated) == about


@dataclass(frozen=True)
class _File:
    mutant: list[Harmless] = field(default_factory=list)


def load(mutants: list[Mutant], path: Path = PATHS["rtl"]) -> dict[str, str]:
    """The arguments for harmless mutants, by their names. InputError for an entry that is stale or incomplete."""
    found = {}
    for number, harmless in enumerate(tables.load(path, _File).mutant, 1):
        where = f"{path.name}, mutant {number} ({harmless.module})"
        if len(harmless.because.strip()) < LEAST:
            raise InputError("no argument", where, "say why no bench can see it")
        names = [mutant.name for mutant in mutants if harmless.covers(mutant)]
        if not 1 <= harmless.occurrence <= len(names):
            raise InputError("the RTL has no such mutant any more", where, "mend the entry or remove it")
        found[names[harmless.occurrence - 1]] = harmless.because
    return found
