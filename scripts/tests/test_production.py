# SPDX-License-Identifier: Apache-2.0
"""``make production`` as a user meets it."""

import json
import re
from itertools import chain

import pytest

from models.checkpoint import tiny
from models.defects.production import PROMPTS, load
from models.errors import InputError
from scripts import production


@pytest.fixture
def ask(give, monkeypatch, tmp_path, capsys):
    """Call the command on a tiny model: status, what it prints and complains of, the folder of its results."""
    monkeypatch.setattr(production, "RESULTS", tmp_path)
    path = tiny.write(tmp_path / "tiny.gguf", **tiny.LEAST)

    def call(**parameters):
        give(**{"MODEL": path, "DEPTH": 32, "COUNT": 44} | parameters)
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


def test_prompts(ask, tmp_path):
    """They are written where OUT says, as the repository has SmolLM2's, and read back."""
    ask(OUT=tmp_path / "prompts.json")
    assert load(tmp_path / "prompts.json") == [list(range(at, min(at + 32, 100))) for at in range(0, 100, 32)]
    smollm2 = load(PROMPTS / "smollm2.json")
    assert [len(prompt) for prompt in smollm2] == 96 * [512] and list(chain(*smollm2)) == list(range(49152))
    (tmp_path / "prompts.json").write_text("[[1]]")
    with pytest.raises(InputError, match="no prompts"):
        load(tmp_path / "prompts.json")


@pytest.mark.parametrize(
    ("parameters", "error"),
    [({"COUNT": 0}, "'0' is no number from 1 to 100000"), ({"MODEL": "/no/such/model"}, "no such checkpoint")],
)
def test_bad_input_is_one_line(ask, parameters, error):
    status, _, complaint, folder = ask(**parameters)
    assert status == 2
    assert re.fullmatch(rf"error: .*{error}.*\n", complaint)
    assert not (folder / "production.json").exists()
