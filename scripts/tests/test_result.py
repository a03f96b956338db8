# SPDX-License-Identifier: Apache-2.0
"""What became of a run: one verdict, one kind, one case of JUnit."""

from dataclasses import asdict

import pytest
from junitparser import Error, Failure, JUnitXml

from scripts.campaign import regress_report
from scripts.campaign.result import Run, judge
from tb.rig.record import Record
from tb.rig.record_tests import DIVERGENCE

REPORT = "<testsuites><testsuite><testcase name='test_a'>{}</testcase></testsuite></testsuites>"
RUN = Run("tb/good/test_good.py::test_good", 3)


@pytest.mark.parametrize(
    ("status", "report", "problem"),
    [
        (0, REPORT.format(""), ""),
        (0, REPORT.format("<skipped type='pytest.xfail' message='as expected'/>"), ""),
        (
            0,
            REPORT.format("<skipped type='pytest.skip' message='not here'/>"),
            "no test ran (pytest left with status 0)",
        ),
        (0, "<testsuites><testsuite/></testsuites>", "no test ran (pytest left with status 0)"),
        (0, "<testsuites><testsu", "no test ran (pytest left with status 0)"),
        (0, None, "no test ran (pytest left with status 0)"),
        (4, None, "no test ran (pytest left with status 4)"),
        (0, REPORT.format("<failure message='got 1\nfor 2'/>"), "got 1 for 2"),
        (1, REPORT.format("<error message='no fixture'/>"), "no fixture"),
        (3, REPORT.format(""), "every test passed, and pytest left with status 3"),
        (-11, REPORT.format(""), "killed by SIGSEGV"),
        (None, REPORT.format(""), "stopped: it took too long"),
    ],
)
def test_verdict(status, report, problem):
    """Passed is only what ended well, and says that a test ran."""
    result = judge(RUN, status, 1.0, "", report, [])
    assert (result.problem, result.status) == (problem, "failed" if problem else "passed")
    assert result.replay == (f"make waves TEST={RUN.node} SEED=3" if problem else "")


def test_every_failure_is_one_in_junit():
    """A run that was killed after its tests had passed, and one with a failure of its own."""
    own = REPORT.format("<failure message='got 1'/>")
    results = [judge(RUN, -9, 1.0, "", REPORT.format(""), []), judge(RUN, 1, 1.0, "", own, [])]
    document = JUnitXml.fromstring(regress_report.junit(results).encode())
    (killed,), (failed,) = [case.result for suite in document for case in suite]
    assert isinstance(killed, Error) and killed.message == "killed by SIGKILL"
    assert isinstance(failed, Failure) and failed.message == "got 1"
    assert (document.tests, document.failures, document.errors) == (2, 1, 1)


def failed(said: str, **fields: object) -> str:
    """The kind of a failure that said so."""
    record = asdict(Record("t", "b", "icarus", 1, "r", "f", "h", [], "", "failed", fatal=True)) | fields
    return judge(RUN, 1, 1.0, "", REPORT.format(f"<failure message='{said}'/>"), [record]).bucket


def test_failures_are_alike():
    """By the stage that diverges, or by the message but for its numbers."""
    diverging = failed("x", divergence=DIVERGENCE.fields())
    assert diverging == "stage down diverges"
    assert diverging == failed("y", divergence=DIVERGENCE.fields() | {"index": 9, "layer": 4, "got": 1})
    assert diverging != failed("x", divergence=DIVERGENCE.fields() | {"stage": "up"})
    assert failed("lane 3: 7 for 8") == failed("lane 5: 0x1f for 2") != failed("row 3: 7 for 8")


def test_what_was_stopped_is_the_cause():
    """The simulation that a run hung in, by the command that does that one again."""
    hung = asdict(Record("t", "b", "icarus", 1, "make waves TEST=hung", "f", "h", [], "", "stopped"))
    result = judge(
        RUN, None, 1.0, "", None, [asdict(Record("t", "b", "icarus", 1, "r", "f", "h", [], "", "passed")), hung]
    )
    assert (result.said, result.replay) == ("stopped: it took too long", "make waves TEST=hung")
