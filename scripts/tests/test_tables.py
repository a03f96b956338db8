# SPDX-License-Identifier: Apache-2.0
"""Tables show whole words and figures, however narrow the terminal is."""

import io
import re

import pytest
from rich.console import Console
from rich.table import Table

from models.project import ROOT
from scripts.cli import tables

TITLES = ("weights", "tokens/s, one user", "in aggregate", "transistors a parameter")
ROW = ("3/6", "5,700", "1,234,567,890", "13.80")


def lines(width: int, columns: int = 3) -> list[str]:
    """The lines of a table of four columns and more, at a width."""
    table = Table(title="figures")
    for title in TITLES * columns:
        table.add_column(title, justify="right")
    table.add_row(*ROW * columns)
    console = Console(file=io.StringIO(), width=width)
    tables.show(console, table)
    assert console.width == width
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize("width", [20, 80, 150, 300])
def test_no_figure_is_cut(width):
    said = "\n".join(lines(width))
    assert "…" not in said
    assert all(said.count(figure) == 3 for figure in ROW)


def test_a_table_keeps_to_the_terminal_if_it_can():
    assert max(map(len, lines(80, 1))) <= 80 and "│" in "".join(lines(80, 1))
    assert max(map(len, lines(45, 1))) <= 45 and "│" not in "".join(lines(45, 1))


def test_every_table_is_shown_so():
    """No command prints one past this module."""
    printed = {
        file.relative_to(ROOT).as_posix()
        for file in (ROOT / "scripts").rglob("*.py")
        if re.search(r"\.print\(\s*(table\b|.*Table\()", file.read_text("utf-8"))
    }
    assert printed == {"scripts/cli/tables.py"}
