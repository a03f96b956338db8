# SPDX-License-Identifier: Apache-2.0
"""What a night found, as data: outcomes of its parts, the files they leave, and the history of past nights."""

import datetime
import json
import platform
import shlex
import subprocess
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

from junitparser import Error, JUnitXml, JUnitXmlError, TestCase
from junitparser import Failure as Failed

from scripts.campaign.coverage_report import percent
from scripts.cli.files import write_text
from tb.evidence.coverage.code import KINDS
from tb.rig.record import PASSED, Record

ONE_RUN = ("sim", "soak", "bench")  # parts that are a simulation each, whose record says why they failed


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
    """Something that failed: in which part, what, its first divergence or message, and how to do it again.

    ``kind`` is said of one of several failures that are alike.
    """

    part: str
    what: str
    first: str
    replay: str
    waves: str = ""
    kind: str = ""


@dataclass
class Found:
    """What the parts left: figures of their JSON files, {} where there is none; (node, message, '' if it passed); of a
    part that failed with one of its simulations, by name, the record of that."""

    regress: dict
    coverage: dict
    formal: dict
    sim: dict
    soak: dict
    bench: dict
    tests: list[tuple[str, str]]
    causes: dict[str, Record]


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


def load(folder: Path, night: dict) -> Found:
    """Read what the parts of a night left in ``folder``, and no other: there may be results of parts it did not do."""
    did = {part["part"] for part in night["parts"]}

    def figures(name: str) -> dict:
        file = folder / f"{name}.json"
        return json.loads(file.read_text()) if name in did and file.is_file() else {}

    names = ("regress", "coverage", "formal", "sim", "soak", "bench")
    return Found(
        **{name: figures(name) for name in names},
        tests=_tests(folder / "test.xml") if "test" in did else [],
        causes={name: cause for name in ONE_RUN if name in did and (cause := _cause(records(folder, name)))},
    )


def records(folder: Path, part: str) -> Path:
    """Where the records are of the simulations that a part started."""
    return folder / "nightly" / f"{part}.records"


def _cause(folder: Path) -> Record | None:
    """The last simulation of a part that did not end well, by its record."""
    found = [Record.of(json.loads(file.read_text())) for file in sorted(folder.glob("*.json"))]
    return next((record for record in reversed(found) if record.verdict != PASSED), None)


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
    bad = [run for run in found.regress.get("results", []) if run["status"] == "failed"]
    alike = Counter(run["bucket"] for run in bad)
    listed = [
        Failure(
            "regress",
            f"{run['node']} seed {run['seed']}",
            run["divergence"],
            run["replay"],
            run["waves"],
            f"{alike[run['bucket']]} of this kind: {run['bucket']}" if alike[run["bucket"]] > 1 else "",
        )
        for run in sorted(bad, key=lambda run: (-alike[run["bucket"]], run["bucket"], not run["waves"]))
    ]
    listed += [
        Failure(
            "formal", proof["task"]["name"], proof["assertion"] or proof["problem"], proof["replay"], proof["trace"]
        )
        for proof in found.formal.get("results", [])
        if proof["status"] == "failed"
    ]
    listed += [
        Failure("test", node, message, f"make test TEST={shlex.quote(node)}")
        for node, message in found.tests
        if message
    ]
    if problems := found.coverage.get("problems"):
        again = next(part["replay"] for part in night["parts"] if part["part"] == "coverage")
        listed.append(Failure("coverage", "what is missing", "\n".join(problems), again))
    told = {failure.part for failure in listed}
    return listed + [
        _whole(part, found.causes.get(part["part"]))
        for part in night["parts"]
        if part["problem"] and part["part"] not in told
    ]


def _whole(part: dict, cause: Record | None) -> Failure:
    """A part that failed as one: with the first divergence of its simulation, and the command that shows it again."""
    if cause is None or not cause.said:
        return Failure(part["part"], "the whole part", part["problem"], part["replay"])
    said = cause.said if cause.said in part["problem"] else f"{cause.said}\n{part['problem']}"
    return Failure(part["part"], part["replay"], said, cause.replay, cause.waves)


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
