"""What became of a run: one verdict, from the status of its process and from its report, and where to look."""

import re
import shlex
import signal
from dataclasses import dataclass

from junitparser import Error, Failure, JUnitXml, JUnitXmlError, Skipped, TestCase

STARTED = re.compile(r": (verilator|icarus), seed \d+; replay: ")  # these lines are tb/rig/runner.py's
REPLAY = re.compile(r"; replay: (make .+)$", re.MULTILINE)
BUILT = re.compile(r"^built in ([\d.]+) s$", re.MULTILINE)
WAVES = re.compile(r"^waves: (.+)$", re.MULTILINE)
DIVERGENCE = re.compile(r"first divergence: .+$", re.MULTILINE)
ASSERTION = re.compile(r"AssertionError: .+$", re.MULTILINE)


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
class Result:
    """What became of a run.

    ``problem`` is one line, empty for a run that passed. ``divergence`` is the first one, or the first assertion that
    failed; ``replay`` the command that does the run again; both are empty for a run that passed. ``waves`` and
    ``repeated`` ('passed', 'failed') tell of the same run once more, with waves; ``simulators`` are those it started;
    ``lost`` is a run that the cluster, not the bench, did not bring to its end.
    """

    run: Run
    seconds: float
    output: str
    cases: list[TestCase]
    problem: str
    simulators: list[str]
    build_seconds: float = 0
    divergence: str = ""
    replay: str = ""
    waves: str = ""
    repeated: str = ""
    lost: bool = False

    @property
    def status(self) -> str:
        """'passed' or 'failed'."""
        return "failed" if self.problem else "passed"


def judged(run: Run, status: int | None, seconds: float, output: str, report: str | None) -> Result:
    """The result of a run whose process ended so: the arguments are what scripts/campaign/job.py tells."""
    cases = _cases(report)
    problem = _problem(status, cases)
    simulators = list(dict.fromkeys(STARTED.findall(output)))
    built = sum(map(float, BUILT.findall(output)))
    result = Result(run, seconds, output, cases, problem, simulators, built, waves=_last(WAVES, output))
    if problem:
        first = DIVERGENCE.search(output) or ASSERTION.search(output)
        result.divergence = first[0].strip() if first else problem
        result.replay = _last(REPLAY, output) or _replay(run)
    return result


def lost(run: Run, problem: str) -> Result:
    """The result of a run that the cluster could not bring to its end."""
    return Result(run, 0, "", [], problem, [], divergence=problem, replay=_replay(run), lost=True)


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


def _last(pattern: re.Pattern, output: str) -> str:
    return ["", *pattern.findall(output)][-1].strip()
