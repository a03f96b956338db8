# SPDX-License-Identifier: Apache-2.0
"""Where things are: the checkout, its RTL, and what is built: in it, or in the folder that BUILD names."""

import os
from pathlib import Path

ROOT = Path(__file__).parents[1]
HDL = ROOT / "hdl"
BUILD = Path(os.environ.get("BUILD") or ROOT / "build").absolute()


def build_of(root: Path) -> Path:
    """Where the project in ``root`` builds: BUILD for this one."""
    return BUILD if root == ROOT else root / "build"
