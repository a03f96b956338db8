# SPDX-License-Identifier: Apache-2.0
"""How far many jobs are: a bar on a terminal, a line a minute in a log."""

import datetime
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tb.rig.heartbeat import beating


@dataclass
class Tally:
    """So many jobs, ``at_once`` at a time, of which some have passed and some failed, and how that is called."""

    total: int
    at_once: int
    passed: int = 0
    failed: int = 0
    good: str = "passed"
    bad: str = "failed"
    begun: float = field(default_factory=time.monotonic)

    @property
    def left(self) -> int:
        """Jobs that have not ended."""
        return self.total - self.passed - self.failed

    def __str__(self) -> str:
        running = min(self.at_once, self.left)
        counts = f"{self.left - running} queued, {running} running, {self.passed} {self.good}, {self.failed} {self.bad}"
        return f"{time.strftime('%H:%M')} {counts}, {self._time_left()}"

    def _time_left(self) -> str:
        if not (done := self.total - self.left):
            return "time left not known yet"
        seconds = round((time.monotonic() - self.begun) / done * self.left)
        return f"about {datetime.timedelta(seconds=seconds)} left"


@contextmanager
def shown(tally: Tally, console: Console) -> Iterator[Callable[[], None]]:
    """Show a tally for the length of a ``with``; gives what to call after each job."""
    columns = BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeElapsedColumn()

    def tell(line: str) -> None:
        console.print(line, markup=False, highlight=False, soft_wrap=True)

    log = nullcontext() if console.is_terminal else beating(lambda: str(tally), tell)
    with Progress(*columns, console=console) as progress, log:
        task = progress.add_task(f"0 {tally.bad}", total=tally.total)

        def step() -> None:
            done = tally.total - tally.left
            progress.update(task, total=tally.total, completed=done, description=f"{tally.failed} {tally.bad}")

        yield step
