# SPDX-License-Identifier: Apache-2.0
"""``make production`` as a user meets it."""

import json
import re

import pytest

from models.checkpoint import tiny
from scripts import production


@pytest.fixture
def ask(monkeypatch, tmp_path, capsys):
    """Call the command on a tiny model: status, what it prints and complains of, the folder of its results."""
    monkeypatch.setattr(production, "RESULTS", tmp_path)
    for name in ("MODEL", "DEPTH", "COUNT", "SEED", "CLOCK"):
        monkeypatch.delenv(name, raising=False)
    path = tiny.write(tmp_path / "tiny.gguf", **tiny.LEAST)

    def call(**parameters):
        for name, value in ({"MODEL": path, "DEPTH": 32, "COUNT": 44} | parameters).items():
            monkeypatch.setenv(name, str(value))
        return production.main(), *capsys.readouterr(), tmp_path

    return call


def test_production(ask):
    """Every token once; all defects of cells and scales are seen, and each is named by its array."""
    status, printed, _, folder = ask()
    found = json.loads((folder / "production.json").read_text())
    assert (status, found["prompts"], found["tokens"]) == (0, 4, 100)
    assert "4 prompts, 100 tokens" in printed and "seed 1" in printed
    seen = [one for one in found["grades"] if one["level"] == "signature"]
    missed = {one["kind"] for one in found["grades"] if one["level"] == "nothing"}
    assert found["named"] == len(seen) > 30 and missed <= {"gain bit", "angle bit"}
    assert found["all"]["signature"]["share"] > 0.9
    ask(CLOCK=3)
    assert json.loads((folder / "production.json").read_text()) == found


@pytest.mark.parametrize(
    ("parameters", "error"),
    [({"COUNT": 0}, "'0' is no number from 1 to 100000"), ({"MODEL": "/no/such/model"}, "no such checkpoint")],
)
def test_bad_input_is_one_line(ask, parameters, error):
    status, _, complaint, folder = ask(**parameters)
    assert status == 2
    assert re.fullmatch(rf"error: .*{error}.*\n", complaint)
    assert not (folder / "production.json").exists()
