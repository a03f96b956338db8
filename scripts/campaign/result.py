# SPDX-License-Identifier: Apache-2.0
"""What became of a run: one verdict, from the status of its process and from its report, and where to look."""

import re
import shlex
import signal
from dataclasses import dataclass, field

from junitparser import Error, Failure, JUnitXml, JUnitXmlError, Skipped, TestCase

from tb.rig.record import RUNNING, STOPPED, Record


@dataclass(frozen=True)
class Run:
    """A bench, named as pytest does, and a seed."""

    node: str
    seed: int

    @property
    def bench(self) -> str:
        """The folder of tb/ in which it is."""
        return self.node.split("::")[0].split("/")[-2]

    def __str__(self) -> str:
        return f"{self.node} seed {self.seed}"


@dataclass
class RunResult:
    """What became of a run.

    Attributes:
        run: which it was.
        seconds: it took.
        output: what it printed.
        cases: of pytest's report.
        problem: one line, empty for a run that passed.
        records: of the simulations that it started, in their order.
        repeated, waves: 'passed' or 'failed', and the view of its waves, of the same run once more with waves; or ''.
        lost: whether the cluster, not the bench, did not bring it to its end.
        told: what the worker told, all but the output: of it ``judge`` makes this.
    """

    run: Run
    seconds: float
    output: str
    cases: list[TestCase]
    problem: str
    records: list[Record] = field(default_factory=list)
    repeated: str = ""
    waves: str = ""
    lost: bool = False
    told: dict = field(default_factory=dict)

    @property
    def status(self) -> str:
        """'passed' or 'failed'."""
        return "failed" if self.problem else "passed"

    @property
    def simulators(self) -> list[str]:
        """Those that it started."""
        return list(dict.fromkeys(record.simulator for record in self.records))

    @property
    def build_seconds(self) -> float:
        """The seconds that went into builds."""
        return sum(record.build_seconds for record in self.records)

    @property
    def cause(self) -> Record | None:
        """The simulation that failed the run: a test may have others that it expects to fail."""
        fatal = [record for record in self.records if record.fatal]
        running = [record for record in self.records if record.verdict in (RUNNING, STOPPED)]  # as the process ended
        return next(iter(fatal + running[::-1]), None) if self.problem else None

    @property
    def said(self) -> str:
        """Why it failed, in a line: the first divergence, the assertion or what the test said; '' if it passed."""
        return (self.cause and self.cause.said) or self.problem

    @property
    def bucket(self) -> str:
        """What failures of one kind have in common: the stage that diverges, or the message without its figures."""
        if self.cause and self.cause.divergence:
            return f"stage {self.cause.divergence.place.stage.name.lower()} diverges"
        return re.sub(r"0x[0-9a-fA-F]+|\d+", "N", self.said)

    @property
    def replay(self) -> str:
        """The command that does it again; '' if it passed."""
        if not self.problem:
            return ""
        last = self.cause or next(reversed(self.records), None)
        return last.replay if last else _replay(self.run)


def judge(
    run: Run, status: int | None, seconds: float, output: str, report: str | None, records: list[dict]
) -> RunResult:
    """The result of a run whose process ended so: the arguments are what scripts/campaign/job.py tells."""
    cases = _cases(report)
    found = [Record.of(fields) for fields in records]
    waves = next((record.waves for record in reversed(found) if record.waves), "")
    told = {"status": status, "seconds": seconds, "report": report, "records": records}
    return RunResult(run, seconds, output, cases, _problem(status, cases), found, waves=waves, told=told)


def lose(run: Run, problem: str) -> RunResult:
    """The result of a run that the cluster could not bring to its end."""
    return RunResult(run, 0, "", [], problem, lost=True)


def _replay(run: Run) -> str:
    return f"make waves TEST={shlex.quote(run.node)} SEED={run.seed}"


def _cases(report: str | None) -> list[TestCase]:
    try:
        return [case for suite in JUnitXml.fromstring(report.encode()) for case in suite] if report else []
    except (JUnitXmlError, SyntaxError):
        return []


def _problem(status: int | None, cases: list[TestCase]) -> str:
    """What is wrong with a run, in one line: '' only where a test ran, all passed, and the process says so too."""
    if status is None:
        return "stopped: it took too long"
    if status < 0:
        return f"killed by {signal.Signals(-status).name}"
    bad = [entry for case in cases for entry in case.result if isinstance(entry, Failure | Error)]
    if bad:
        return (bad[0].message or bad[0].text or "failed").strip().splitlines()[0]
    if not [case for case in cases if _ran(case)]:
        return f"no test ran (pytest left with status {status})"
    return f"every test passed, and pytest left with status {status}" if status else ""


def _ran(case: TestCase) -> bool:
    """A test that is expected to fail, and does, is one that ran; pytest reports it among the skipped ones."""
    return all(not isinstance(entry, Skipped) or entry.type == "pytest.xfail" for entry in case.result)
