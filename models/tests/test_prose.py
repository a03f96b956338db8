# SPDX-License-Identifier: Apache-2.0
"""The texts, with pip kept off the network and archives of our own."""

import hashlib
import os
import tarfile

import pytest

from models.checkpoint import prose
from models.errors import InputError


@pytest.fixture
def folder(monkeypatch, tmp_path):
    monkeypatch.setattr(prose, "FOLDER", tmp_path / "text")
    return tmp_path / "text"


@pytest.fixture
def archive(monkeypatch, tmp_path):
    """A function that makes an archive of these texts the one that is downloaded."""

    def make(**texts):
        path = tmp_path / "brotli-1.2.0.tar.gz"
        with tarfile.open(path, "w:gz") as tar:
            for name, text in texts.items():
                (tmp_path / name).write_text(text)
                tar.add(tmp_path / name, f"brotli-1.2.0/{prose.MEMBERS}/{name}.txt")
        monkeypatch.setattr(prose, "_download", lambda folder: path)

    return make


def test_texts_are_kept_whole_and_fetched_once(folder, archive, monkeypatch):
    texts = {"a": "one of them\x1a", "b": "another"}
    digests = {f"{name}.txt": hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()}
    monkeypatch.setattr(prose, "SHA256", digests)
    archive(**texts, other="not asked for")
    assert prose.text("a.txt") == "one of them"
    monkeypatch.setattr(prose, "_download", None)
    assert prose.text("b.txt") == "another"
    assert sorted(path.name for path in folder.iterdir()) == ["a.txt", "b.txt"]


@pytest.mark.parametrize("texts,words", [
    ({"alice29": "Down the Rabbit-Hole"}, "the text is not the one expected"),
    ({"alice30": "Down the Rabbit-Hole"}, "the archive does not hold the text"),
])  # fmt: skip
def test_another_archive_is_refused(texts, words, folder, archive):
    archive(**texts)
    with pytest.raises(InputError, match=rf"{words} \(brotli==1.2.0, alice29.txt\)"):
        prose.text("alice29.txt")
    assert not list(folder.iterdir())


def test_pip_that_finds_nothing(folder, monkeypatch):
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(InputError, match=r"the text cannot be fetched: .*brotli"):
        prose.text("alice29.txt")
    assert not list(folder.iterdir())
