# SPDX-License-Identifier: Apache-2.0
"""The golden model as the bench sees it: a worker process whose steps are waited for."""

import json
import os
import pickle
import signal
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass, field
from queue import Queue

from models.golden.chip import Step
from models.project import ROOT
from tb.oracle.conversation import Conversation, Job, Reply
from tb.rig import processes

AHEAD = 40  # steps that the worker may be ahead: a prompt, of which it has all at once


@dataclass
class Golden:
    """The worker as the bench sees it. Steps are handed out once each.

    A thread takes what the worker says as soon as it does, so that it goes on: a pipe holds no step.

    With ``more``, conversations may follow those of the job: ``add`` them.
    """

    job_text: str
    more: bool = False
    steps: dict[tuple[int, int], list[Step]] = field(default_factory=dict)
    answers: dict[int, Reply] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.open = len(Job.from_json(self.job_text).conversations)  # conversations that have no answer yet
        python = os.environ.get("PYGPI_PYTHON_BIN", sys.executable)
        env = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
        command = [python, "-m", "tb.oracle.golden_worker"]
        # In a process group of its own: a Ctrl-C at the terminal is for the bench alone.
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=env,
            cwd=ROOT,
            process_group=0,
            preexec_fn=processes.bound(signal.SIGKILL),
        )
        self.said: Queue[Step | Reply | None] = Queue(AHEAD)
        threading.Thread(target=self._hear, daemon=True).start()
        self._write(self.job_text)
        if not self.more:
            self.process.stdin.close()

    def add(self, talk: Conversation) -> None:
        """One more conversation."""
        self.open += 1
        self._write(json.dumps(asdict(talk)))

    def _write(self, line: str) -> None:
        self.process.stdin.write(f"{line}\n".encode())
        self.process.stdin.flush()

    def expect(self, slot: int, pos: int) -> Step | None:
        """The next step of a slot's position, waited for if the worker is not there yet; None if none will come."""
        while not self.steps.get((slot, pos)):
            if not self._receive():
                return None
        return self.steps[slot, pos].pop(0)

    def answer(self, index: int) -> Reply:
        """The golden answer to a conversation, waited for."""
        while index not in self.answers:
            if not self._receive():
                raise RuntimeError("the golden model stopped before it had answered")
        return self.answers[index]

    def close(self) -> None:
        """End the worker."""
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()  # which with ``more`` is open to the end
        self.process.stdout.close()

    def following(self) -> Step | Reply | None:
        """What the worker says next, in its own order; None when it has said all."""
        item = self.said.get()
        if item is None:
            self.said.put(None)  # for whoever asks again
            if self.process.wait():
                raise RuntimeError(f"the golden model failed with status {self.process.returncode}")
        return item

    def _hear(self) -> None:
        while True:
            try:
                item = pickle.load(self.process.stdout)
            except (EOFError, OSError, ValueError, pickle.UnpicklingError):  # it has ended, or was closed
                self.said.put(None)
                return
            self.said.put(item)

    def _receive(self) -> bool:
        """Take what the worker says next; False where it has said all that it was asked."""
        item = self.following() if self.open or not self.more else None
        if isinstance(item, Reply):
            self.answers[item.index] = item
            self.open -= 1
        elif item is not None:
            self.steps.setdefault((item.slot, item.pos), []).append(item)
        return item is not None
