# SPDX-License-Identifier: Apache-2.0
"""A line a minute from what takes long, so that a log shows that it goes on."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PERIOD_S = 60.0


@contextmanager
def beating(line: Callable[[], str], show: Callable[[str], object]) -> Iterator[None]:
    """For the length of a ``with``, ``show`` what ``line`` says every PERIOD_S."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(PERIOD_S):
            show(line())

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
