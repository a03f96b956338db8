# SPDX-License-Identifier: Apache-2.0
"""Writes what GTKWave's save file shows as a command file of Surfer: the same signals in the same order, its cursor.

Surfer's state file, .surf.ron, has another form in every version; a command file is lines of commands that its manual
lists. It has none for bits of a signal or for fixed point, so that there a signal is whole.
"""

from pathlib import Path

from tb.evidence.waves.save_file import SaveFile


def write(file: SaveFile, path: Path) -> None:
    """Leave the commands that open the dump of ``file`` and lay it out: ``surfer --command-file PATH``."""
    lines = [f"load_file {file.dump}"]
    for group, names in file.groups.items():
        lines += [f"divider_add {group}"] if group else []
        lines += [f"variable_add {name}" for name in names]
    if file.marker is not None:
        lines += [f"cursor_set {file.marker}", "goto_cursor"]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
