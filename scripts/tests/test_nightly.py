# SPDX-License-Identifier: Apache-2.0
"""The night: a part that fails hides no other, and the report holds the plan, the lines, the failures and the trend."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from html.parser import HTMLParser

import psutil
import pytest

from models.project import ROOT
from scripts import nightly
from scripts.campaign import coverage_export
from scripts.night import summary
from scripts.nightly import Part
from tb.evidence.plan import plan
from tb.rig import heartbeat
from tb.rig.record import Record
from tb.rig.record_tests import DIVERGENCE

RUN = {
    "node": "tb/m/test_m.py::test_m[1]",
    "seed": 7,
    "status": "passed",
    "bucket": "",
    "divergence": "",
    "replay": "",
    "waves": "",
}
BROKEN = {
    "status": "failed",
    "bucket": "stage softmax diverges",
    "divergence": "first divergence: token 3, layer 1, stage <softmax>",
    "replay": "make waves TEST=tb/m/test_m.py::test_m[1] SEED=8",
    "waves": "m.fst",
}
RECORD = asdict(Record("t", "b", "icarus", 1, "r", "f", "h", []))
FIGURES = {"points": 4, "covered": 3, "excluded": 1}
RESULTS = {
    "regress": {
        "runs": 2,
        "passed": 1,
        "failed": 1,
        "seeds": 2,
        "simulators": {"verilator": "Verilator 5", "icarus": "Icarus Verilog 11"},
        "results": [
            RUN | {"seconds": 2.0, "build_seconds": 1.0},
            RUN | BROKEN | {"seed": 8, "seconds": 5.0, "build_seconds": 0.0},
        ],
    },
    "coverage": {
        "problems": ["coverage point m.a was not full: high"],
        "functional": {"bins": 2, "hit": 1, "points": {"m.a": {"bins": 2, "hit": 1, "missed": ["high"]}}},
        "code": {
            "totals": dict.fromkeys(("line", "branch", "toggle", "expr"), FIGURES | {"reach": 90, "shortfall": ""}),
            "files": {
                "m.sv": {
                    "figures": dict.fromkeys(("line", "branch", "toggle", "expr"), FIGURES),
                    "lines": {"2": 1234, "3": 0},
                    "gaps": [{"line": 2, "kind": "toggle", "what": "x[3]"}],
                    "excluded": [{"line": 3, "kind": "toggle", "what": "y", "reason": "a constant"}],
                }
            },
        },
    },
    "formal": {
        "tools": "Yosys 1",
        "tasks": 1,
        "proved": 0,
        "failed": 1,
        "results": [
            {
                "task": {"name": "cell_array_gate-3", "proves": "every product"},
                "status": "failed",
                "problem": "refuted",
                "assertion": "a_product",
                "trace": "cell.vcd",
                "seconds": 3.0,
                "replay": "make formal TASK=cell_array_gate-3",
            }
        ],
    },
}
JUNIT = """<testsuites><testsuite name="pytest" tests="2">
<testcase classname="models.tests.test_etch" name="test_a[1]" time="1"/>
<testcase classname="models.tests.test_audit" name="test_b" time="1"><failure message="assert 1 == 2"/></testcase>
</testsuite></testsuites>"""


def part(name, text="{}", status=0, limit=1, takes=()):
    """A part that leaves ``text`` as its results, and leaves with ``status``."""
    file = f"build/results/{name}.json" if name != "test" else "build/results/test.xml"
    code = f"open({file!r}, 'w').write({text!r}); print('said by {name}'); raise SystemExit({status})"
    return Part(name, ("-c", code), file.rsplit("/", 1)[1], limit, takes)


@pytest.fixture
def root(tmp_path, monkeypatch):
    (tmp_path / "hdl").mkdir()
    (tmp_path / "hdl" / "m.sv").write_text("module m;\nassign x = a < b;\nassign y = 0;\nendmodule\n")
    return tmp_path


def left(root):
    """(nightly.json, the report, the history) of a night."""
    folder, history = root / "build" / "results", root / "history" / "nightly.jsonl"
    nights = [json.loads(line) for line in history.read_text().splitlines()] if history.is_file() else []
    return json.loads((folder / "nightly.json").read_text()), (folder / "nightly.html").read_text(), nights


class Page(HTMLParser):
    """Holds tags against each other; keeps text, classes and whatever could be fetched."""

    VOID = ("meta", "br", "polyline")

    def __init__(self, html):
        super().__init__()
        self.inside, self.text, self.links, self.classes = [], [], [], []
        self.feed(html)
        assert not self.inside, f"not closed: {self.inside}"

    def handle_starttag(self, tag, attributes):
        self.links += [value for name, value in attributes if name in ("src", "href", "srcset", "data", "action")]
        self.classes += [name for key, value in attributes if key == "class" for name in value.split()]
        if tag not in self.VOID:
            self.inside.append(tag)

    def handle_startendtag(self, tag, attributes):
        assert tag in self.VOID

    def handle_endtag(self, tag):
        assert self.inside.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def test_a_failing_part_hides_no_other(root, capsys):
    parts = (part("regress", status=1), part("formal"), part("bench", limit=0), part("sim"))
    assert nightly.main(root, parts) == 1
    night, page, _ = left(root)
    problems = {one["part"]: one["problem"] for one in night["parts"]}
    assert problems.pop("regress") == "left with status 1: said by regress"
    assert problems.pop("bench") == "stopped after 0 minutes"
    assert problems == {"formal": "", "sim": ""}
    assert not night["passed"]
    assert "left with status 1: said by regress" in page
    assert "regress: left with status 1" in capsys.readouterr().out
    assert (root / "build/results/nightly/formal.log").read_text() == "said by formal\n"


def test_a_night_that_passes(root):
    assert nightly.main(root, (part("regress"), part("sim"))) == 0
    assert left(root)[0]["passed"]


def test_why_a_part_failed(root):
    """What it says of that, not what it says last."""
    code = "print('FAILED: it diverges'); print('1 of 9 failed'); raise SystemExit(1)"
    assert nightly.main(root, (Part("sim", ("-c", code), "sim.json", 1),)) == 1
    assert left(root)[0]["parts"][0]["problem"] == "left with status 1: FAILED: it diverges"


def test_a_simulation_that_failed_is_shown_by_its_record(root, monkeypatch):
    """The first divergence, and the command of that very run: MODEL and all."""
    replay = "make waves MODEL=lo/g.gguf PROMPT='a / b'"
    fields = RECORD | {"verdict": "failed", "message": "m", "divergence": DIVERGENCE.fields(), "replay": replay}
    code = f"import os; open(os.environ['RECORDS'] + '/1.json', 'w').write({json.dumps(fields)!r}); raise SystemExit(1)"
    monkeypatch.setenv("MODEL", "lo/g.gguf")
    assert nightly.main(root, (Part("sim", ("-c", code), "sim.json", 1, ("MODEL",)),)) == 1
    text = "".join(Page(left(root)[1]).text)
    assert str(DIVERGENCE) in text and replay in text and "make sim MODEL=lo/g.gguf" in text


def test_results_of_other_parts_stay(root, monkeypatch):
    """And are not taken for those of this night."""
    assert nightly.main(root, (part("regress", json.dumps(RESULTS["regress"])), part("sim"))) == 0
    monkeypatch.setenv("PARTS", "sim")
    assert nightly.main(root, (part("regress"), part("sim"))) == 0
    assert json.loads((root / "build/results/regress.json").read_text()) == RESULTS["regress"]
    assert "m.fst" not in left(root)[1]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_night_that_is_stopped(root, number):
    """Nothing of it is left, not even what its part put into a session of its own; the report says what was done."""
    code = (
        "import subprocess, sys, time; child = subprocess.Popen(['sleep', '600'], start_new_session=True);"
        "open('started', 'w').write(str(child.pid)); time.sleep(600)"
    )
    (root / "night.py").write_text(
        f"import signal, sys, pathlib\nfrom scripts.nightly import Part, main\n"
        "signal.signal(signal.SIGHUP, signal.SIG_DFL)  # which nohup ignores, and all below it\n"
        f"parts = (Part('formal', ('-c', {part('formal').arguments[1]!r}), 'formal.json', 1),"
        f" Part('sim', ('-c', {code!r}), 'sim.json', 9), Part('bench', ('-c', ''), 'bench.json', 1))\n"
        f"sys.exit(main(pathlib.Path({str(root)!r}), parts))\n"
    )
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    night = subprocess.Popen([sys.executable, "night.py"], cwd=root, env=env, stderr=subprocess.PIPE, text=True)
    started = root / "started"
    while not (started.is_file() and started.read_text()):
        assert night.poll() is None
        time.sleep(0.05)
    night.send_signal(number)
    said = night.communicate(timeout=60)[1]
    assert night.returncode == 128 + number, said
    assert "Traceback" not in said
    assert not psutil.pid_exists(int(started.read_text()))
    data, page, nights = left(root)
    assert [one["part"] for one in data["parts"]] == ["formal", "sim", "bench"]
    problems = [one["problem"] for one in data["parts"]]
    assert problems[0] == "" and problems[1].startswith("stopped") and problems[2] == "not done: the night was stopped"
    assert not nights and "not done: the night was stopped" in page


def test_a_line_a_minute(root, monkeypatch, capsys):
    """In a log: which part goes on, how many are to come, and what it said last."""
    monkeypatch.setattr(heartbeat, "PERIOD_S", 0.2)
    slow = Part("regress", ("-c", "import time; print('9 queued', flush=True); time.sleep(1.5)"), "x.json", 1)
    nightly.main(root, (slow, part("sim")))
    line = r"\d\d:\d\d 1 queued, 1 running, 0 passed, 0 failed, time left not known yet; regress: 9 queued"
    assert re.search(line, capsys.readouterr().out)


def test_a_part_without_results_has_failed(root):
    """Those of another night do not stand for them."""
    old = root / "build" / "results" / "sim.json"
    old.parent.mkdir(parents=True)
    old.write_text("{}")
    assert nightly.main(root, (Part("sim", ("-c", ""), "sim.json", 1),)) == 1
    assert left(root)[0]["parts"][0]["problem"] == "left no sim.json"


def test_history_grows_by_whole_nights(root, monkeypatch):
    parts = (part("regress", json.dumps(RESULTS["regress"])), part("sim"))
    nightly.main(root, parts)
    first = left(root)[1]
    for _ in range(2):
        nightly.main(root, parts)
    _, page, nights = left(root)
    assert len(nights) == 3
    assert {night["runs"] for night in nights} == {2}
    assert "3 nights" in page
    assert "no trend" in first and "<polyline" not in first
    line = re.search(r'<polyline points="([^"]+)"', page)[1].split()
    assert [point.split(",")[0] for point in line] == ["4.0", "120.0", "236.0"]
    for name, value in (("PARTS", "sim"), ("TEST", "m")):
        monkeypatch.setenv(name, value)
        nightly.main(root, parts)
        monkeypatch.delenv(name)
    assert len(left(root)[2]) == 3


def test_parts_are_chosen(root, monkeypatch, capsys):
    monkeypatch.setenv("PARTS", "sim")
    assert nightly.main(root, (part("regress", status=1), part("sim"))) == 0
    assert [one["part"] for one in left(root)[0]["parts"]] == ["sim"]
    monkeypatch.setenv("PARTS", "sims")
    assert nightly.main(root, (part("sim"),)) == 2
    assert "the night has no part 'sims'" in capsys.readouterr().err


def test_a_part_has_its_parameters_alone(root, monkeypatch):
    """`make sim` with a TEST would run a bench."""
    code = "import os, sys; open('build/results/sim.json', 'w').write('{}'); print(*sys.argv[1:], 'TEST' in os.environ)"
    monkeypatch.setenv("TEST", "a b")
    monkeypatch.setenv("SEED", "5")
    with_both = Part("regress", ("-c", code), "sim.json", 1, ("SEED", "TEST"))
    assert nightly.main(root, (with_both, Part("sim", ("-c", code), "sim.json", 1, ("SEED",)))) == 0
    said = [(root / f"build/results/nightly/{name}.log").read_text() for name in ("regress", "sim")]
    assert said == ["--seed 5 --test a b False\n", "--seed 5 False\n"]
    assert [one["replay"] for one in left(root)[0]["parts"]] == ["make regress SEED=5 TEST='a b'", "make sim SEED=5"]


def test_the_report(root):
    """Whole, from disk alone, with every testpoint, line, failure and version."""
    parts = [part(name, json.dumps(figures), 1) for name, figures in RESULTS.items()]
    assert nightly.main(root, (*parts, part("test", JUNIT, 1))) == 1
    html = left(root)[1]
    page = Page(html)
    text = "".join(page.text)
    files = "|".join(map(re.escape, coverage_export.NAMES))
    assert all(re.fullmatch(rf"#\w+|nightly/\w+\.log|{files}", link) for link in page.links)
    assert set(coverage_export.NAMES) <= set(page.links)
    assert not re.search(r"url\(|@import|<script|//\w", html)
    assert all(f'id="point-{point.name}"' in html and point.description in text for point in plan.load())
    for said in (BROKEN["divergence"], BROKEN["replay"], "Verilator 5", "Icarus Verilog 11", "Yosys 1", "a_product"):
        assert said in text
    for said in ("make formal TASK=cell_array_gate-3", "models/tests/test_audit.py::test_b", "assert 1 == 2", "seed 8"):
        assert said in text
    assert "assign x = a < b;never: toggle x[3]" in text
    assert "1,234" in text
    assert '<td class="whole"><a href="nightly/regress.log">log</a>' in html  # in one piece, however narrow the page
    assert "left out: toggle y: a constant" in text
    assert {"miss", "gap"} <= set(page.classes)
    assert "what is missing" in text
    assert html.index('<code>tb/m/test_m.py::test_m[1]</code></td><td class="n" data-head="seed">8') < html.index(
        '<code>tb/m/test_m.py::test_m[1]</code></td><td class="n" data-head="seed">7'
    )


def test_the_plan_has_results(root):
    """A testpoint has passed with all its runs, failed with one, and is open where coverage is missing."""
    one, *_ = [point for point in plan.load() if point.coverage]
    runs = [RUN | {"node": f"{test}[a]", "seconds": 1.0, "build_seconds": 0.0} for test in one.tests]
    regress = RESULTS["regress"] | {"results": runs}
    points = {name: {"bins": 3, "hit": 3, "missed": []} for name in one.coverage}
    coverage = RESULTS["coverage"] | {"functional": {"bins": 3, "hit": 3, "points": points}}

    def status():
        nightly.main(root, (part("regress", json.dumps(regress)), part("coverage", json.dumps(coverage))))
        article = left(root)[1].split(f'id="point-{one.name}"')[1]
        return re.search(r'class="tag ([\w-]+)"', article)[1]

    assert status() == "passed"
    points[one.coverage[0]] |= {"hit": 2, "missed": ["low"]}
    assert status() == "open"
    runs[0]["status"] = "failed"
    assert status() == "failed"
    runs.clear()
    assert status() == "not-run"


def test_the_summary(root, capsys):
    """The verdict, the plan, the figures and every failure with what it said first and how to see it again."""
    figures = RESULTS | {"sim": {"model": "m.gguf", "values_compared": 12345, "mismatches": 0}}
    parts = [part(name, json.dumps(data), int(name in RESULTS)) for name, data in figures.items()]
    nightly.main(root, (*parts, part("test", JUNIT, 1)))
    capsys.readouterr()
    assert summary.main(root / "build" / "results") == 0
    text = capsys.readouterr().out
    assert text.startswith("## Cartridge, night of ")
    assert ": **failed**\n" in text
    for row in (
        "| runs | 1 of 2 passed |",
        "| functional coverage | 1 of 2 bins |",
        "| toggle coverage | 75.0 % of 4, to reach 90 % |",
        "| proofs | 0 of 1 |",
        "| m.gguf | 12,345 values compared, 0 mismatches |",
    ):
        assert f"{row}\n" in text
    points = re.search(r"\| testpoints \| (.*) \|\n", text)[1]
    assert sum(map(int, re.findall(r"\d+", points))) == len(plan.load())
    assert "not run" in points
    broken = f"```\n{BROKEN['divergence']}\n\n{BROKEN['replay']}\n```"
    assert f"### regress: tb/m/test_m.py::test_m[1] seed 8\n\n{broken}\n" in text
    assert "```\na_product\n\nmake formal TASK=cell_array_gate-3\n```" in text
    assert "assert 1 == 2" in text
    assert "coverage point m.a was not full: high" in text


def test_a_summary_breaks_no_table(root, capsys):
    nightly.main(root, (part("sim", status=1),))
    file = root / "build" / "results" / "nightly.json"
    night = json.loads(file.read_text())
    night["parts"][0]["problem"] = "a | b\n<c> ```"
    file.write_text(json.dumps(night))
    capsys.readouterr()
    assert summary.main(file.parent) == 0
    text = capsys.readouterr().out
    assert "| `make sim` | a \\| b &lt;c> ``` | 0.0 |\n" in text
    assert "````\na | b\n<c> ```\n\nmake sim\n````\n" in text


def test_a_summary_without_a_night_is_one_line(root, capsys):
    assert summary.main(root) == 2
    assert capsys.readouterr().err.count("\n") == 1
