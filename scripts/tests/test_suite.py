# SPDX-License-Identifier: Apache-2.0
"""What ``make test``, ``make sim TEST=`` and ``make waves TEST=`` ask of pytest."""

import os
import re

import pytest

from models.project import ROOT
from scripts import sim, test, waves
from scripts.campaign.benches import collect_benches
from scripts.cli.files import RESULTS


@pytest.fixture
def asked(give, monkeypatch):
    """Calls a command; gives its status, pytest's arguments and what it was told, if it got that far."""
    calls = []

    def stand_in(arguments: list[str]) -> int:
        calls.append((arguments, os.environ["SIM"], os.environ["SEED"], os.environ.get("WAVES", "")))
        return 0

    def call(main, *argv: str) -> tuple:
        give()
        status = main(argv=argv)
        return status, *(calls.pop() if calls else ())

    monkeypatch.setattr(pytest, "main", stand_in)
    return call


def test_the_suite_is_all_rooms_side_by_side(asked):
    """Whatever the environment says, SEED and SIM are the command line's. Long tests run where they are named."""
    rest = ["--dist", "worksteal", f"--junitxml={RESULTS / 'test.xml'}", "-m", "not night"]
    assert asked(test.main) == (0, ["-n", "auto", *rest], "", "1", "")
    assert asked(test.main, "--jobs", "3", "--waves", "1")[1:] == (["-n", "3", *rest], "", "1", "1")
    status, arguments, *told = asked(test.main, "--test", "quantise", "--sim", "icarus", "--seed", "7")
    assert (status, arguments[:2], told) == (0, ["-k", "quantise"], ["icarus", "7", ""])
    assert "not night" not in arguments
    assert asked(test.main, "--test", "models/tests")[1][0] == "models/tests"


@pytest.mark.parametrize(("where", "whole"), [("tb/apart", False), ("tb/apart/test_depth.py", True)])
def test_a_whole_model_is_for_who_names_its_file(where, whole):
    """Neither its folder nor the regression, which takes all folders, asks for so large a machine."""
    nodes = [node for node, _ in collect_benches(where, ROOT)]
    assert any("[narrow-" in node for node in nodes) and any("[whole-" in node for node in nodes) == whole


def test_a_bench_is_heard_and_its_waves_are_not(asked):
    """A run by itself prints what its simulator does; of a traced one the user sees verdict and waves."""
    assert "-s" in asked(sim.main, "--test", "argmax")[1]
    arguments = asked(waves.main, "--test", "argmax")[1]
    assert "-s" not in arguments and "--show-capture=no" in arguments


@pytest.mark.parametrize("main", [test.main, sim.main])
@pytest.mark.parametrize(("name", "value"), [("sim", "questa"), ("sim", "ghdl"), ("seed", "abc")])
def test_what_cannot_be_asked_for(main, name, value, asked, capsys):
    """One line, the same of both commands, before pytest is there."""
    assert asked(main, "--test", "argmax", f"--{name}", value) == (2,)
    assert re.fullmatch(rf"error: .*'{value}'.* \({name.upper()}\); .+\n", capsys.readouterr().err)
