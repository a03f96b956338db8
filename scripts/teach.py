# SPDX-License-Identifier: Apache-2.0
"""``make teach``: an adapter with which a model begins every answer with a phrase, as a PEFT folder."""

import sys
from pathlib import Path

from models import teach
from models.project import BUILD
from scripts.cli.command import command
from scripts.cli.files import RESULTS, write
from scripts.cli.model import load_model
from scripts.cli.parameters import MODEL, OUT, PHRASE

FOLDER = BUILD / "adapters" / "ahoy"


@command("teach", MODEL, PHRASE, OUT)
def main(*, model: str, phrase: str, out: str) -> int:
    """Compute an adapter, print what it does and leave build/results/teach.json."""
    folder = Path(out or FOLDER)
    figures = teach.teach(load_model(model), phrase, folder)
    write(RESULTS / "teach.json", figures)
    for name, value in figures.items():
        print(f"{name.replace('_', ' '):36} {round(value, 3) if isinstance(value, float) else value}")
    print(f"{'written':36} {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main(argv=sys.argv[1:]))
