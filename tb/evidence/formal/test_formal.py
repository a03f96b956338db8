# SPDX-License-Identifier: Apache-2.0
"""The proofs as `make formal` does them: of the cell, of a small block, and what is said where the RTL is broken."""

import shutil

import pytest

from models.errors import InputError
from models.project import HDL
from tb.evidence.formal import proof

TASKS = {task.name: task for task in proof.load()}
ENTRY = '[[task]]\nname = "a"\n'

pytestmark = pytest.mark.once


@pytest.mark.night
@pytest.mark.parametrize("name", ["cell_array_gate-4", "block-64"])
def test_proved(name, tmp_path):
    """The assertions hold, the covers are reached, and the broken copy is refuted."""
    result = proof.prove(TASKS[name], tmp_path)
    assert not result.problem, result.log
    assert result.steps == {"proof": "passed", "covers": "passed", "broken copy": "failed"}
    assert result.refuted.startswith(f"{TASKS[name].top}.")


def test_broken_rtl_is_refuted(tmp_path):
    """A gated clock that glitches: assertion, trace and the command that does it again."""
    hdl = shutil.copytree(HDL, tmp_path / "hdl")
    file = hdl / "clk_gate.sv"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("if (!clk_i) en_q", "if (clk_i) en_q"), encoding="utf-8")
    result = proof.prove(TASKS["clk_gate"], tmp_path, hdl)
    assert result.problem == "proof: failed"
    assert result.assertion.startswith("clk_gate_proof.")
    assert result.trace.endswith(".vcd") and (tmp_path / result.trace).is_file()
    assert result.replay == "make formal TASK=clk_gate"


def test_rtl_that_cannot_be_read_is_no_proof(tmp_path):
    hdl = shutil.copytree(HDL, tmp_path / "hdl")
    (hdl / "clk_gate.sv").write_text("nonsense clk_i & en_q\n", encoding="utf-8")
    result = proof.prove(TASKS["clk_gate"], tmp_path, hdl)
    assert result.problem.startswith("proof: ")
    assert "ERROR" in (tmp_path / result.log).read_text(encoding="utf-8")


def test_a_fault_that_is_stale(tmp_path):
    hdl = shutil.copytree(HDL, tmp_path / "hdl")
    (hdl / "clk_gate.sv").write_text("nonsense\n", encoding="utf-8")
    with pytest.raises(AssertionError, match="the fault does not apply any more"):
        proof.prove(TASKS["clk_gate"], tmp_path, hdl)


def test_tasks_are_whole():
    """Names are unique, harnesses exist, every fault is in the RTL, every harness has a task."""
    assert len(TASKS) == len(proof.load())
    for task in TASKS.values():
        assert task.mode in ("bmc", "prove")
        assert task.fault.old in (HDL / task.fault.file).read_text(encoding="utf-8"), task.name
    assert {file.stem for file in proof.HARNESSES.glob("*_proof.sv")} == {task.top for task in TASKS.values()}


def test_proofs_have_the_names_of_modules():
    """A family of tasks is a module's; so is a harness, of which a module may have several."""
    modules = {file.stem for file in HDL.glob("*.sv")}
    assert {task.name.split("-")[0] for task in TASKS.values()} <= modules
    for harness in proof.HARNESSES.glob("*_proof.sv"):
        assert any(harness.stem.startswith(f"{module}_") for module in modules), harness.name


def test_families():
    cells = {task.name for task in proof.choose(list(TASKS.values()), "cell_array_gate")}
    assert cells == {"cell_array_gate-3", "cell_array_gate-4"}
    assert [task.name for task in proof.choose(list(TASKS.values()), "block_array_rom-6")] == ["block_array_rom-6"]
    assert "block_array_rom" in {task.name for task in proof.choose(list(TASKS.values()), "")}


@pytest.mark.parametrize("text", ["", "task", ENTRY, ENTRY + "colour = 1\n"])
def test_a_file_that_lists_no_tasks(text, tmp_path):
    file = tmp_path / "tasks.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(InputError):
        proof.load(file)


def test_a_missing_tool(monkeypatch, tmp_path):
    monkeypatch.setattr(proof, "TOOLS", ("no-such-solver",))
    with pytest.raises(InputError, match="no-such-solver is missing"):
        proof.require()
