# SPDX-License-Identifier: Apache-2.0
"""Results for machines and for people, which appear whole or not at all."""

import json
import os
from pathlib import Path

from models.project import BUILD

RESULTS = BUILD / "results"


def write(path: Path, figures: dict) -> None:
    """Write figures as JSON; ``path`` appears in one step, its folder too if there is none."""
    write_text(path, json.dumps(figures, indent=2) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a text as UTF-8; ``path`` appears in one step, its folder too if there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)
