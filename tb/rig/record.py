# SPDX-License-Identifier: Apache-2.0
"""What a run of a simulator leaves for programs: run.json in its folder, there from the start and never half."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tb.oracle.finding import Divergence

NAME = "run.json"
VARIABLE = "RECORDS"  # of the environment: a folder that takes every record too, of whoever wants those of many runs
RUNNING, PASSED, FAILED, UNBUILT, STOPPED = "running", "passed", "failed", "unbuilt", "stopped"


@dataclass
class Record:
    """A run of a simulator.

    Attributes:
        test: what ran it: a pytest node, or the top level outside of pytest.
        bench: the top level.
        simulator: 'verilator' or 'icarus'.
        seed: of all random stimulus.
        replay: the command that does it again.
        folder: of the run, absolute.
        hdl, sources, shape_pkg: files it was built from, as ``tb.rig.runner.run`` takes them; '' for no shape package.
        verdict: RUNNING (for good where the process was killed), PASSED, FAILED, UNBUILT, or
            STOPPED before its end.
        problem: what is wrong with it as a whole, in one line; '' for one that passed.
        build_seconds: 0 where the build was there already.
        run_seconds: of the simulation.
        failed_test, message, stopped_ns: the first cocotb test that failed, the message of its exception, and when;
            '' and 0 without one.
        divergence: the first value that differs from the golden model's, if that is why it failed.
        accepted_ns: when the wrong beat was accepted, as far as the bench knows.
        assertion: 'instance.name: what' of the assertion that ended it, or ''.
        trace: the FST of a traced run, or ''.
        waves: the view of it, once somebody has laid it out.
        fatal: whether its test failed of it: some tests expect a run to fail.
    """

    test: str
    bench: str
    simulator: str
    seed: int
    replay: str
    folder: str
    hdl: str
    sources: list[str]
    shape_pkg: str = ""
    verdict: str = RUNNING
    problem: str = ""
    build_seconds: float = 0
    run_seconds: float = 0
    failed_test: str = ""
    message: str = ""
    stopped_ns: float = 0
    divergence: Divergence | None = None
    accepted_ns: float | None = None
    assertion: str = ""
    trace: str = ""
    waves: str = ""
    fatal: bool = False
    begun_ns: int = field(default_factory=time.time_ns)

    @property
    def said(self) -> str:
        """Why it failed, in one line: the divergence, the assertion, what the test said, or what is wrong at all."""
        if self.divergence:
            return str(self.divergence)
        if self.assertion:
            return f"assertion {self.assertion}"
        return self.message.strip().splitlines()[0] if self.message.strip() else self.problem

    def properties(self) -> list[tuple[str, object]]:
        """What a JUnit report says of a run that failed: the value that differed among it, and how to do it again."""
        differs = self.divergence.fields().items() if self.divergence else ()
        return [("simulator", self.simulator), ("seed", self.seed), *differs, ("replay", self.replay)]

    def write(self) -> None:
        """Leave it as it is now."""
        text = json.dumps(asdict(self) | {"divergence": self.divergence and self.divergence.fields()}, indent=2)
        places = [Path(self.folder, NAME)]
        if folder := os.environ.get(VARIABLE):
            places.append(Path(folder, f"{self.begun_ns:020d}-{os.getpid()}.json"))
        for place in places:
            part = place.with_suffix(f".{os.getpid()}.part")
            part.write_text(text + "\n", encoding="utf-8")
            os.replace(part, place)

    @classmethod
    def of(cls, fields: dict) -> "Record":
        """From the fields of a file."""
        return cls(**fields | {"divergence": fields.get("divergence") and Divergence.of(fields["divergence"])})


class RunError(AssertionError):
    """A run that did not pass: ``record`` says how."""

    def __init__(self, record: Record) -> None:
        problem = f"assertion {record.assertion}; {record.problem}" if record.assertion else record.problem
        whole = f"{record.test}: {problem}; replay: {record.replay}"
        super().__init__(f"{record.said}\n{whole}" if record.message else whole)
        self.record = record


@dataclass
class _Test:
    node: str
    records: list[Record]


_test: ContextVar[_Test | None] = ContextVar("test", default=None)


@contextmanager
def runs_of(node: str) -> Iterator[list[Record]]:
    """All runs inside the ``with`` are those of a pytest node; gives the list that takes their records."""
    token = _test.set(_Test(node, []))
    try:
        yield _test.get().records
    finally:
        _test.reset(token)


def current_test() -> str:
    """The pytest node that goes on; '' outside of pytest."""
    test = _test.get()
    return test.node if test else ""


def begin(record: Record) -> None:
    """A run begins, of the test that goes on."""
    if test := _test.get():
        test.records.append(record)
    record.write()
