# SPDX-License-Identifier: Apache-2.0
"""What a night found, as data: outcomes of its parts, the files they leave, and the history of past nights."""

import datetime
import json
import platform
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

from junitparser import Error, JUnitXml, JUnitXmlError, TestCase
from junitparser import Failure as Failed

from scripts.campaign.coverage_report import percent
from scripts.cli.files import write_text
from tb.evidence.coverage.code import KINDS


@dataclass(frozen=True)
class Outcome:
    """What became of a part: ``problem`` is one line, '' if it passed; ``log`` is a path below the results."""

    part: str
    problem: str
    seconds: float
    log: str
    replay: str


@dataclass(frozen=True)
class Failure:
    """Something that failed: in which part, what, its first divergence or message, and how to do it again."""

    part: str
    what: str
    first: str
    replay: str
    waves: str = ""


@dataclass
class Found:
    """What the parts left: figures of their JSON files, {} where there is none; (node, message, '' if it passed)."""

    regress: dict
    coverage: dict
    formal: dict
    sim: dict
    bench: dict
    tests: list[tuple[str, str]]


def night(root: Path, began: datetime.datetime, seed: int, outcomes: list[Outcome], whole: bool) -> dict:
    """What nightly.json holds."""
    return {
        "date": began.strftime("%Y-%m-%d %H:%M UTC"),
        "commit": commit(root),
        "machine": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "seed": seed,
        "whole": whole,
        "passed": not any(outcome.problem for outcome in outcomes),
        "seconds": sum(outcome.seconds for outcome in outcomes),
        "parts": [asdict(outcome) for outcome in outcomes],
    }


def commit(root: Path) -> str:
    """The commit that is checked out, 'and changes' if there are any; 'unknown' without git."""
    try:
        done = subprocess.run(["git", "describe", "--always", "--dirty= and changes"], cwd=root, capture_output=True)
    except FileNotFoundError:
        return "unknown"
    return done.stdout.decode().strip() or "unknown"


def load(folder: Path) -> Found:
    """Read what the parts of a night left in ``folder``."""
    names = ("regress", "coverage", "formal", "sim", "bench")
    files = {name: folder / f"{name}.json" for name in names}
    figures = {name: json.loads(file.read_text()) if file.is_file() else {} for name, file in files.items()}
    return Found(**figures, tests=_tests(folder / "test.xml"))


def _tests(report: Path) -> list[tuple[str, str]]:
    try:
        suites = JUnitXml.fromstring(report.read_bytes()) if report.is_file() else []
    except (JUnitXmlError, SyntaxError):
        suites = []  # cut off: the part that was stopped says so
    return [(_node(case), _message(case)) for suite in suites for case in suite]


def _node(case: TestCase) -> str:
    return f"{case.classname.replace('.', '/')}.py::{case.name}"


def _message(case: TestCase) -> str:
    bad = [entry for entry in case.result if isinstance(entry, Failed | Error)]
    return (bad[0].message or "failed").strip().splitlines()[0] if bad else ""


def failures(night: dict, found: Found) -> list[Failure]:
    """All that failed; a part that failed and left nothing that did stands for itself."""
    listed = [
        Failure("regress", f"{run['node']} seed {run['seed']}", run["divergence"], run["replay"], run["waves"])
        for run in found.regress.get("results", [])
        if run["status"] == "failed"
    ]
    listed += [
        Failure(
            "formal", proof["task"]["name"], proof["assertion"] or proof["problem"], proof["replay"], proof["trace"]
        )
        for proof in found.formal.get("results", [])
        if proof["status"] == "failed"
    ]
    listed += [
        Failure("test", node, message, f".venv/bin/python -m pytest '{node}'")
        for node, message in found.tests
        if message
    ]
    if problems := found.coverage.get("problems"):
        listed.append(Failure("coverage", "what is missing", "\n".join(problems), "make coverage"))
    told = {failure.part for failure in listed}
    return listed + [
        Failure(part["part"], "the whole part", part["problem"], part["replay"])
        for part in night["parts"]
        if part["problem"] and part["part"] not in told
    ]


def entry(night: dict, found: Found) -> dict:
    """The line of this night in the history: its figures in short, None for what it did not find."""
    code = found.coverage.get("code", {}).get("totals", {})
    points = found.coverage.get("functional")
    return {
        "date": night["date"],
        "commit": night["commit"],
        "passed": night["passed"],
        "minutes": round(night["seconds"] / 60, 1),
        "runs": found.regress.get("runs"),
        "failed": found.regress.get("failed"),
        "functional": round(100 * points["hit"] / points["bins"], 2) if points else None,
        **{kind: round(percent(code[kind]), 2) if code else None for kind in KINDS},
        "proved": found.formal.get("proved"),
        "decode_tokens_per_second": found.bench.get("decode_tokens_per_second"),
    }


def history(root: Path) -> list[dict]:
    """Past nights, the oldest first."""
    file = _file(root)
    return [json.loads(line) for line in file.read_text().splitlines()] if file.is_file() else []


def keep(root: Path, nights: list[dict]) -> None:
    """Write the history. Not in build/, which `make clean` empties."""
    write_text(_file(root), "".join(json.dumps(one) + "\n" for one in nights))


def _file(root: Path) -> Path:
    return root / "history" / "nightly.jsonl"
