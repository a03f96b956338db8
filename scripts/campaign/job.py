# SPDX-License-Identifier: Apache-2.0
"""One run of a regression, on the machine of a worker: a command, watched to its end.

A script of its own that needs nothing but Python, so that a Dask worker starts it by its path. It takes the run as JSON
and prints what became of it as JSON. Nothing outlives it: when the command has ended, took too long, or the worker is
gone, all processes that the command started are killed.
"""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

POLL_S = 0.2
GRACE_S = 10  # for make to remove half-written files, and for a simulator to close its trace, which is laid out
PARAMETERS = {"SEED", "SIM", "TEST", "WAVES", "PYTEST_ADDOPTS"}  # of whoever started the worker; not for the run


def main(request: str) -> int:
    """Run what ``request`` asks for: the JSON object of ``run``'s arguments. Gives the exit status: 0."""
    print(json.dumps(run(**json.loads(request))))
    return 0


def run(command: list[str], cwd: str, env: dict[str, str], limit: float) -> dict[str, object]:
    """Run ``command --junitxml=FILE`` in ``cwd`` with ``env`` added to the environment, for ``limit`` seconds at most.

    Returns:
        status: of the command, negative for the signal that killed it, None if it took too long.
        seconds: it took.
        output: stdout and stderr.
        report: the text of FILE, None if there is none.
        records: of the simulations that it started (tb/rig/record.py), in their order.
    """
    kept = {name: value for name, value in os.environ.items() if name not in PARAMETERS}
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="regress-") as folder:
        report, output, records = (Path(folder, name) for name in ("report.xml", "output", "records"))
        records.mkdir()
        with output.open("wb") as file:
            child = subprocess.Popen(
                [*command, f"--junitxml={report}"],
                cwd=cwd,
                env=kept | env | {"RECORDS": str(records)},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            ended = _watch(child, limit)
        return {
            "status": child.returncode if ended else None,
            "seconds": time.perf_counter() - begun,
            "output": output.read_text(errors="replace"),
            "report": report.read_text(errors="replace") if report.is_file() else None,
            "records": [json.loads(file.read_text()) for file in sorted(records.glob("*.json"))],
        }


def _watch(child: subprocess.Popen, limit: float) -> bool:
    """Wait until the child has ended and kill what it left behind; whether it ended by itself."""
    worker, until = os.getppid(), time.monotonic() + limit
    watched = os.pidfd_open(child.pid)
    ended = False
    while not ended and time.monotonic() < until and os.getppid() == worker:
        ended = bool(select.select([watched], [], [], POLL_S)[0])
    _kill(child.pid, signal.SIGTERM)
    if not ended:
        select.select([watched], [], [], GRACE_S)
    _kill(child.pid, signal.SIGKILL)
    child.wait()
    os.close(watched)
    return ended


def _kill(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
