# SPDX-License-Identifier: Apache-2.0
"""What a campaign of mutants keeps of each as soon as it is judged, so that it can be stopped, and gone on with."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from models.errors import InputError
from scripts.campaign.mutate_report import MutantVerdict
from scripts.cli.files import write_text
from tb.evidence.mutation.mutants import Mutant

ROOMS = ("hdl", "models", "tb")  # what a verdict depends on


@dataclass(frozen=True)
class KeptMutants:
    """A file of verdicts, a line of JSON each, behind the digest of the sources of which they are true."""

    file: Path
    sources: str

    @classmethod
    def of(cls, root: Path, file: Path) -> "KeptMutants":
        """That of the project in ``root`` as it is now."""
        files = (path for room in ROOMS for path in sorted((root / room).rglob("*")))
        digest = hashlib.sha256()
        for path in files:
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(f"{path.relative_to(root)}\n".encode() + path.read_bytes())
        return cls(file, digest.hexdigest())

    def begin(self) -> None:
        """Forget what was kept of the last campaign."""
        write_text(self.file, f"{self.sources}\n")

    def add(self, verdict: MutantVerdict) -> None:
        """Keep a mutant that is judged."""
        with self.file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(verdict)) + "\n")

    def verdicts(self) -> list[MutantVerdict]:
        """All that was kept. InputError if there is nothing, or the project has changed since."""
        if not self.file.is_file():
            raise InputError("there are no mutants to go on from", str(self.file), "leave RESUME out")
        sources, *lines = self.file.read_text(encoding="utf-8").splitlines()
        if sources != self.sources:
            raise InputError(f"{', '.join(ROOMS)} have changed since", str(self.file), "leave RESUME out")
        kept = map(json.loads, lines)
        return [MutantVerdict(**fields | {"mutant": Mutant(**fields["mutant"])}) for fields in kept]
