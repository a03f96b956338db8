# SPDX-License-Identifier: Apache-2.0
"""The licence line with which every source begins."""

from pathlib import Path

from models.project import ROOT
from scripts.cli.files import write_text
from scripts.style import sources

LINE = "SPDX-License-Identifier: Apache-2.0"
COMMENTS = {
    "#": (".py", ".sh", ".toml", "Makefile"),
    "//": (".sv", ".svh", ".v", ".rdl", ".vlt"),
}


def missing(root: Path = ROOT) -> list[Path]:
    """The sources that do not begin with the line; a script's first line may name its interpreter instead."""
    return [
        file
        for comment, endings in COMMENTS.items()
        for file in sources.find(*endings, root=root)
        if f"{comment} {LINE}" not in _beginning(file.read_text(encoding="utf-8"))
    ]


def insert(file: Path) -> None:
    """Begin a source with the line, behind the name of its interpreter if it has one."""
    (comment,) = (comment for comment, endings in COMMENTS.items() if file.name.endswith(endings))
    mode, text = file.stat().st_mode, file.read_text(encoding="utf-8")
    first, rest = text.split("\n", 1) if text.startswith("#!") else ("", text)
    write_text(file, "\n".join([*([first] if first else []), f"{comment} {LINE}", rest]))
    file.chmod(mode)


def _beginning(text: str) -> list[str]:
    """The lines among which the licence's must be: the first, or the second behind an interpreter."""
    return text.splitlines()[: 2 if text.startswith("#!") else 1]
