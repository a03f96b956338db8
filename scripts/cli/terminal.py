# SPDX-License-Identifier: Apache-2.0
"""The terminal of a command that talks with its user: Ctrl-C is for the talk, not for ``make`` above it."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def alone() -> Iterator[None]:
    """Meanwhile this process ignores Ctrl-C, and only its children hear one: ``make`` would end with them, as failed.

    They become the terminal's foreground process group. Ctrl-Z has no effect there, since nobody could go on.
    """
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTSTP)}
    above = _group()
    if above is not None:
        os.setpgid(0, 0)
        _give(os.getpid())
    try:
        yield
    finally:
        if above is not None:
            _give(above)
            os.setpgid(0, above)
        for number, handler in before.items():
            signal.signal(number, handler)


def _group() -> int | None:
    """The process group that this process shares with what started it, if the terminal is theirs."""
    try:
        group = os.tcgetpgrp(sys.stdin.fileno())
    except OSError:
        return None
    return group if group == os.getpgrp() != os.getpid() else None


def _give(group: int) -> None:
    """The terminal to a process group, by one that may be in the background, whom SIGTTOU would stop."""
    handler = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    os.tcsetpgrp(sys.stdin.fileno(), group)
    signal.signal(signal.SIGTTOU, handler)
