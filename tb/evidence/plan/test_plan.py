# SPDX-License-Identifier: Apache-2.0
"""The testplan is whole, its checks see what is wrong, and its page is current."""

import os
import re
import subprocess
import sys
from dataclasses import replace

import pytest

from models.errors import InputError
from models.project import HDL, ROOT
from tb.evidence.coverage import functional
from tb.evidence.plan import plan, view

pytestmark = pytest.mark.once
PARTS = {"tb/rig", "tb/oracle"}  # tested too, but no benches
POINT = plan.Testpoint("a", "f", ("m",), "V1", "what must hold, in a few words", ("tb/b/test_b.py::test_b",), ("b.p",))
PROJECT = plan.Project(["tb/b/test_b.py::test_b[1]", "tb/b/test_b.py::test_c"], ["b.p"], ["m"], ["tb/b"], ["formal"])


@pytest.fixture(scope="module")
def project() -> plan.Project:
    """This project, as pytest and the Makefile have it."""
    env = {name: value for name, value in os.environ.items() if name != "SIM" and not name.startswith("PYTEST_")}
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]
    printed = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True).stdout
    return plan.Project(
        nodes=[line for line in printed.splitlines() if "::" in line],
        points=functional.names(),
        blocks=sorted(file.stem for file in HDL.glob("*.sv*")),
        benches=sorted({str(file.parent.relative_to(ROOT)) for file in (ROOT / "tb").glob("**/test_*.py")} - PARTS),
        targets=re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE),
    )


def test_the_plan_is_whole(project):
    assert plan.problems(plan.load(), project) == []


def test_the_page_is_current():
    assert view.PAGE.read_text(encoding="utf-8") == view.page(plan.load()), "run: python -m tb.evidence.plan.view"


def test_a_whole_plan_has_no_problems():
    assert plan.problems([POINT], PROJECT) == []


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"stage": "V4"}, "a: unknown stage 'V4'"),
        ({"tests": ()}, "a: no test shows it"),
        ({"blocks": ()}, "a: no block has it"),
        ({"tests": ("tb/b/test_b.py::test",)}, "a: unknown test tb/b/test_b.py::test"),
        ({"tests": ("make missing",)}, "a: unknown test make missing"),
        ({"coverage": ("b.q",)}, "a: unknown coverage point b.q"),
        ({"blocks": ("n",)}, "a: unknown block n"),
        ({"description": "TODO: say what must hold"}, "a: a text is empty or a placeholder"),
        ({"description": " "}, "a: a text is empty or a placeholder"),
        ({"coverage": ()}, "coverage point b.p is in no testpoint"),
        ({"blocks": ()}, "hdl/m has no testpoint"),
        ({"tests": ("make formal",)}, "bench tb/b is in no testpoint"),
    ],
)
def test_what_is_wrong_is_named(change, problem):
    assert problem in plan.problems([replace(POINT, **change)], PROJECT)


def test_names_are_unique():
    assert plan.problems([POINT, POINT], PROJECT) == ["a: the name is given twice"]


@pytest.mark.parametrize("test", ["tb/b/test_b.py", "tb/b/test_b.py::test_b", "tb/b/test_b.py::test_b[1]"])
def test_tests_of_a_point(test):
    assert plan.nodes([replace(POINT, tests=(test,))], PROJECT.nodes)[0] == "tb/b/test_b.py::test_b[1]"
    assert plan.nodes([replace(POINT, tests=(test,), coverage=())], PROJECT.nodes) == []


@pytest.mark.parametrize("text", ["[[testpoint]]\nname = 'a'", "[[testpoint]]\nnames = 'a'", "[[testpoint"])
def test_a_file_that_is_no_plan(tmp_path, text):
    path = tmp_path / "plan.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError):
        plan.load(path)
