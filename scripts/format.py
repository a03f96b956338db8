# SPDX-License-Identifier: Apache-2.0
"""``make format``: every source in the form that ``make lint`` asks for, and with its licence line."""

import subprocess
import sys
from pathlib import Path

from models.project import ROOT
from scripts.cli.command import command
from scripts.cli.files import write_text
from scripts.style import licence, verilog


@command("format")
def main(root: Path = ROOT) -> int:
    """Write sources anew where they differ, and name them."""
    for file in licence.missing(root):
        licence.insert(file)
        print(f"licence: {file.relative_to(root)}")
    for file in verilog.find(root):
        if (text := verilog.form(file)) != file.read_text(encoding="utf-8"):
            write_text(file, text)
            print(f"form: {file.relative_to(root)}")
    return subprocess.run(
        [Path(sys.executable).with_name("ruff"), "format", "--no-cache", root], check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main(argv=sys.argv[1:]))
