# SPDX-License-Identifier: Apache-2.0
"""Nothing outlives a command: neither by a signal, nor when it ends by itself, nor a simulator when it is killed."""

import signal
import subprocess
import sys
import time

import psutil
import pytest

from models.project import ROOT

# Leaves a grandchild in a session of its own whose parent is gone, and waits for a child as for a simulator.
COMMAND = """
import signal, subprocess, sys
from tb.rig import processes
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # which nohup ignores, and all below it
processes.take_charge()
lost = "import subprocess; print(subprocess.Popen(['sleep', '600'], stdout=2, start_new_session=True).pid)"
lost = subprocess.run([sys.executable, "-c", lost], stdout=subprocess.PIPE, text=True).stdout
child = subprocess.Popen(["sleep", "600"], stdout=2, preexec_fn=processes.bound(signal.SIGKILL))
try:
    print(lost.strip(), child.pid, sep="\\n", flush=True)
    sys.exit(processes.wait(child) if "wait" in sys.argv else 0)
except KeyboardInterrupt as stopped:
    print(stopped, flush=True)
    sys.exit(processes.status(stopped))
"""


def start(*arguments: str) -> tuple[subprocess.Popen, list[int]]:
    """The command, and the processes that it started."""
    command = subprocess.Popen([sys.executable, "-c", COMMAND, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    return command, [int(command.stdout.readline()), int(command.stdout.readline())]


def gone(pid: int) -> bool:
    """Whether a process has ended, soon."""
    until = time.monotonic() + 10
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_all(number):
    command, below = start("wait")
    command.send_signal(number)
    assert command.communicate(timeout=20)[0] == f"stopped by {number.name}\n"
    assert command.returncode == 128 + number
    assert all(map(gone, below))


def test_its_end_ends_all():
    command, below = start()
    assert command.wait(20) == 0
    assert all(map(gone, below))


def test_killed_its_simulator_ends():
    command, (lost, child) = start("wait")
    command.kill()
    command.wait()
    assert gone(child)
    psutil.Process(lost).kill()  # nobody could


# Of tests in a folder of their own, as those of the project are run.
PYTEST = [
    sys.executable,
    "-m",
    "pytest",
    "-q",
    "-p",
    "no:cacheprovider",
    "-p",
    "conftest",
    "-c",
    str(ROOT / "pyproject.toml"),
]

TESTS = """
import os, signal
from scripts.cli.command import guard

def test_that_is_stopped():
    assert guard(lambda: os.kill(os.getpid(), signal.SIGTERM)) == 143

def test_after_it():
    pass
"""


LONG = """
import os, pathlib, subprocess, pytest

@pytest.mark.parametrize("number", range(3))
def test_long(number):
    child = subprocess.Popen(["sleep", "600"])
    (pathlib.Path(__file__).parent / f"{child.pid}.pid").touch()
    child.wait()
"""


def test_tests_side_by_side_stop_with_all_that_they_started(tmp_path):
    """As ``make test`` does when its machine is shut down: at once, and nothing goes on."""
    (tmp_path / "test_them.py").write_text(LONG)
    tests = subprocess.Popen(
        [*PYTEST, "-n", "2", str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    until = time.monotonic() + 60
    while len(below := [int(file.stem) for file in tmp_path.glob("*.pid")]) < 2:
        assert time.monotonic() < until and tests.poll() is None
        time.sleep(0.05)
    workers = [process.pid for process in psutil.Process(tests.pid).children()]
    tests.send_signal(signal.SIGTERM)
    printed = tests.communicate(timeout=30)[0]
    assert tests.returncode and "stopped by SIGTERM" in printed, printed
    assert all(map(gone, [*below, *workers]))


def test_tests_stop_where_a_command_took_the_signal(tmp_path):
    (tmp_path / "test_them.py").write_text(TESTS)
    done = subprocess.run([*PYTEST, str(tmp_path)], cwd=ROOT, capture_output=True, text=True)
    assert "stopped by SIGTERM" in done.stdout and "1 passed" in done.stdout, done.stdout
