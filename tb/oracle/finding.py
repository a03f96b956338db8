# SPDX-License-Identifier: Apache-2.0
"""What a bench finds wrong, as fields: left in a file of the run beside the sentence that its exception says."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from tb.oracle.place import Place

VARIABLE = "FINDINGS"  # of the simulator's environment: the file, a line of JSON a finding


@dataclass(frozen=True)
class Divergence:
    """The first value of a stage that differs; ``token`` is the token id at that position."""

    place: Place
    token: int
    index: int
    expected: int
    got: int

    def __str__(self) -> str:
        expected, got = map(self._said, (self.expected, self.got))
        return (
            f"first divergence: {self.place}, index {self.index}: expected {expected}, got {got} (token {self.token})"
        )

    def _said(self, value: int) -> str:
        """A value as it is in the trace, and what it stands for: '98304 = 1.5'."""
        fraction = self.place.stage.fraction
        return f"{value} = {value / (1 << fraction):.6g}" if fraction else str(value)

    def fields(self) -> dict[str, int | str]:
        """As JSON has it."""
        values = {"token": self.token, "index": self.index, "expected": self.expected, "got": self.got}
        return self.place.fields() | values

    @classmethod
    def of(cls, fields: dict[str, int | str]) -> "Divergence":
        """From what ``fields`` gave."""
        return cls(Place.of(fields), *(fields[name] for name in ("token", "index", "expected", "got")))


@dataclass(frozen=True)
class Finding:
    """Why a test fails: the message of its exception and, as far as it is known, what differed and since when.

    ``accepted_ns`` is the simulated time at which the wrong beat was accepted.
    """

    message: str
    divergence: Divergence | None = None
    accepted_ns: float | None = None

    def leave(self) -> None:
        """Add it to the file of the run; nothing outside of one."""
        if file := os.environ.get(VARIABLE):
            fields = {
                "message": self.message,
                "divergence": self.divergence and self.divergence.fields(),
                "accepted_ns": self.accepted_ns,
            }
            with Path(file).open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(fields) + "\n")


def read(file: Path) -> list[Finding]:
    """All findings of a run, in their order: [] if there is no file."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    found = []
    for fields in map(json.loads, lines):
        divergence = Divergence.of(fields["divergence"]) if fields["divergence"] else None
        found.append(Finding(fields["message"], divergence, fields["accepted_ns"]))
    return found
