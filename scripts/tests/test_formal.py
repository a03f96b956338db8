# SPDX-License-Identifier: Apache-2.0
"""``make formal`` as a user meets it."""

import json
import shutil

import pytest

from models.project import HDL
from scripts import formal


@pytest.fixture(autouse=True)
def own_build(monkeypatch, tmp_path):
    monkeypatch.setattr(formal, "PROOFS", tmp_path / "formal")


def ask(monkeypatch, capsys, task, folder, hdl=HDL):
    """Exit status, what is printed and what is complained of."""
    monkeypatch.setenv("TASK", task)
    status = formal.main(hdl, folder)
    return status, *capsys.readouterr()


def test_a_proof(monkeypatch, capsys, tmp_path):
    status, said, _ = ask(monkeypatch, capsys, "residual", tmp_path)
    assert status == 0, said
    figures = json.loads((tmp_path / "formal.json").read_text())
    assert (figures["tasks"], figures["proved"], figures["failed"]) == (1, 1, 0)
    assert figures["results"][0]["status"] == "proved"
    assert "Yosys" in figures["tools"] and "Yices" in figures["tools"]


def test_broken_rtl_fails_and_says_where(monkeypatch, capsys, tmp_path):
    hdl = shutil.copytree(HDL, tmp_path / "hdl")
    file = hdl / "residual.sv"
    text = file.read_text(encoding="utf-8")
    assert "ready_o" in text
    file.write_text(text.replace("valid_o      = valid_i && skip_valid_i", "valid_o      = valid_i"), encoding="utf-8")
    assert file.read_text(encoding="utf-8") != text
    status, said, _ = ask(monkeypatch, capsys, "residual", tmp_path, hdl)
    assert status == 1
    assert "FAILED residual: proof: failed" in said
    assert "assertion: residual_proof." in said
    assert "trace: " in said and ".vcd" in said
    assert "again: make formal TASK=residual" in said
    assert json.loads((tmp_path / "formal.json").read_text())["results"][0]["status"] == "failed"


def test_an_unknown_task(monkeypatch, capsys, tmp_path):
    status, said, complaint = ask(monkeypatch, capsys, "warp", tmp_path)
    assert (status, said) == (2, "")
    assert complaint.startswith("error: no proof is named 'warp'") and complaint.count("\n") == 1
    assert not (tmp_path / "formal.json").exists()
