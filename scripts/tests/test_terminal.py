# SPDX-License-Identifier: Apache-2.0
"""A command that talks with its user has the terminal for itself: Ctrl-C does not end the ``make`` above it."""

import os
import pty
import sys
import time

from models.project import ROOT

TALK = """
import signal, subprocess, sys
from scripts.cli import terminal
CHILD = "import os, signal, time\\ndef stop(*_): os.write(1, b'cut'); raise SystemExit(3)\\n"  # within any call
CHILD += "signal.signal(signal.SIGINT, stop); os.write(1, b'ready'); time.sleep(60)"
with terminal.alone():
    status = subprocess.run([sys.executable, "-c", CHILD]).returncode
sys.exit(status != 3)
"""


def test_ctrl_c_is_for_the_talk(tmp_path):
    (tmp_path / "talk.py").write_text(TALK)
    (tmp_path / "Makefile").write_text(f"talk:\n\t@PYTHONPATH={ROOT} {sys.executable} talk.py\n\t@echo goodbye\n")
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(tmp_path)
        os.execvp("make", ["make", "talk"])
    said = b""
    while b"ready" not in said:
        said += os.read(terminal, 1000)
    os.write(terminal, b"\x03")
    time.sleep(0.1)
    try:
        while piece := os.read(terminal, 1000):
            said += piece
    except OSError:  # the other end has closed
        pass
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, said
    assert b"cut" in said and b"goodbye" in said
