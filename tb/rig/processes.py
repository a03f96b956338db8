# SPDX-License-Identifier: Apache-2.0
"""What a command starts ends with it: on every signal that can be taken, and its simulators when it is killed.

A signal ends a command as Ctrl-C does, so that what was done is kept; what is then still there below it is ended too.
"""

import atexit
import contextlib
import ctypes
import functools
import os
import signal
import subprocess
import threading
from collections.abc import Callable

import psutil

GRACE_S = 3  # for what is told to end, before it is killed
SIGNALS = (signal.SIGTERM, signal.SIGHUP)
_SUBREAPER, _PDEATHSIG = 36, 1  # of prctl(2)
_LIBC = ctypes.CDLL(None, use_errno=True)
_taken: list[int] = []  # of SIGNALS
# It ends by itself when the process does whose shared memory it tracks, and must not end before.
_TRACKER = "multiprocessing.resource_tracker"


class Stopped(KeyboardInterrupt):
    """A signal that ends this process, ``number``: what Ctrl-C raises too."""

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.number = number


@functools.cache
def take_charge() -> None:
    """From now on this process answers for all that it starts: SIGNALS raise Stopped, and at exit nothing is left.

    What its children leave behind becomes its own child, so that nothing below it is lost from sight.
    """
    _LIBC.prctl(_SUBREAPER, 1, 0, 0, 0)
    atexit.register(end_all)
    if threading.current_thread() is not threading.main_thread():
        return  # only there can signals be taken
    for number in SIGNALS:
        if signal.getsignal(number) is signal.SIG_DFL:  # not what nohup ignores
            signal.signal(number, _stop)


def interrupted(job: Callable[[], object]) -> KeyboardInterrupt | None:
    """Do a job; gives what stopped it, for whoever keeps what was done before raising it; None if nothing did."""
    try:
        job()
    except KeyboardInterrupt as stopped:
        return stopped
    return None


def status(stopped: KeyboardInterrupt) -> int:
    """The exit status of a process that was stopped, as a shell counts it."""
    return 128 + (stopped.number if isinstance(stopped, Stopped) else signal.SIGINT)


def end_all() -> None:
    """End everything that this process started, directly or not: asked first, killed after GRACE_S."""
    left = [process for process in _below() if not _tracks(process)]
    for ask in (psutil.Process.terminate, psutil.Process.kill):
        for process in left:
            with contextlib.suppress(psutil.Error):
                ask(process)
        _, left = psutil.wait_procs(left, timeout=GRACE_S)


def wait(child: subprocess.Popen) -> int:
    """Wait for a child; gives its status. When this process is stopped, so is the child: asked first, then killed."""
    try:
        return child.wait()
    except BaseException:
        child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(GRACE_S)
        child.kill()
        child.wait()
        raise


def bound(number: signal.Signals) -> Callable[[], None]:
    """For ``preexec_fn`` of a child: it is sent this signal when the thread that started it is gone, however."""
    parent = os.getpid()

    def bind() -> None:
        _LIBC.prctl(_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:  # which was gone before
            os.kill(os.getpid(), number)

    return bind


def stopped_by() -> str:
    """The signal that stops this process, also for whoever is above what took the exception; '' if there was none."""
    return signal.Signals(_taken[0]).name if _taken else ""


def _stop(number: int, _frame: object) -> None:
    _taken.append(number)
    for again in SIGNALS:
        signal.signal(again, signal.SIG_IGN)  # `timeout` and make both send theirs: once is enough
    raise Stopped(number)


def _below() -> list[psutil.Process]:
    try:
        return psutil.Process().children(recursive=True)
    except psutil.Error:
        return []


def _tracks(process: psutil.Process) -> bool:
    try:
        return any(_TRACKER in argument for argument in process.cmdline())
    except psutil.Error:
        return True
