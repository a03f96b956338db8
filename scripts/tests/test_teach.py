# SPDX-License-Identifier: Apache-2.0
"""``make teach`` as a user meets it, where its input is bad; models/tests/test_teach.py has what it teaches."""

import pytest

from models.checkpoint import tiny
from scripts import teach


@pytest.mark.parametrize(
    ("parameters", "says"),
    [({"PHRASE": "x" * 40}, "the phrase has "), ({"MODEL": "none.gguf"}, "no such checkpoint (none.gguf)")],
)
def test_bad_input_is_one_line(parameters, says, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(teach, "RESULTS", tmp_path / "results")
    given = {"MODEL": str(tiny.write(tmp_path / "tiny.gguf")), "OUT": str(tmp_path / "a")} | parameters
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    assert teach.main() == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and says in error and error.count("\n") == 1
    assert [file.name for file in tmp_path.iterdir()] == ["tiny.gguf"]
