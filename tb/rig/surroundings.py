# SPDX-License-Identifier: Apache-2.0
"""What the environment of a user may not change in a run: where caches and scratch files go, and cocotb's settings."""

import os
import sys
from pathlib import Path

CACHE = Path(sys.prefix, "cache")  # beside the packages, which can be written where HOME cannot
FOREIGN = ("COCOTB_", "GPI_", "PYGPI_", "LIBPYTHON_LOC", "GUI", "PYTEST_ADDOPTS")  # what begins so; a run sets its own


def settle() -> None:
    """Make this process, and what it starts, independent of the user's cocotb, HOME, and a TMPDIR that is not there."""
    for name in [name for name in os.environ if name.startswith(FOREIGN)]:
        del os.environ[name]
    os.environ |= {"XDG_CACHE_HOME": str(CACHE), "MPLCONFIGDIR": str(CACHE / "matplotlib")}
    if not os.access(os.environ.get("TMPDIR", os.curdir), os.W_OK | os.X_OK):
        os.environ.pop("TMPDIR", None)
