# SPDX-License-Identifier: Apache-2.0
"""``make waves`` as a user meets it: a bad place ends in one line, a divergence is found and shown."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from models.checkpoint import tiny
from models.project import ROOT
from scripts import waves
from tb.chip.job import BUILD, BuiltChip
from tb.rig.faults import Fault, write_broken

SMALL = {"layers": 1, "d_model": 32, "heads": 2, "kv_heads": 2, "d_ffn": 32, "vocab": 128}
HI = 16  # tokens of the prompt "Hi" in the tiny model's chat template


@pytest.fixture
def command(give, tmp_path):
    """Runs ``make waves`` on a small model in this process, with these variables and none of the test's."""
    model = tiny.write(tmp_path / "small.gguf", seed=30, **SMALL)

    def run(**parameters: str) -> int:
        give(**{"MODEL": model, "PROMPT": "Hi", "SIM": "icarus"} | parameters)
        return waves.main()

    yield run
    for mask in (BUILD / "masks").glob(f"*{hashlib.sha256(model.read_bytes()).hexdigest()[:12]}"):
        shutil.rmtree(mask)


BAD_PLACES = [
    ({"TOKEN": "3", "LAYER": "1"}, "'1' is none of the 1 layers (LAYER); choose 0 to 0"),
    ({"TOKEN": "x"}, "'x' is no number from 0 to 2147483647 (TOKEN); leave it out"),
    ({"TOKEN": "18"}, "'18' is none of the 18 positions of prompt and answer (TOKEN); choose 0 to 17"),
    ({"TOKEN": "17", "DEPTH": "17"}, "'17' is none of the 17 positions of prompt and answer (TOKEN)"),
    ({"LAYER": "0"}, "LAYER says where, and nothing says which token (TOKEN)"),
    ({"TOKEN": "3", "STAGE": "down"}, "the chip outside its layers has no stage 'down' (STAGE); choose one"),
    ({"TOKEN": "3", "LAYER": "0", "STAGE": "logits"}, "a layer has no stage 'logits' (STAGE); choose one of attn"),
    ({"TEST": "nosuchbench"}, "no bench matches 'nosuchbench' (TEST)"),
    ({"TEST": "softmax", "TOKEN": "3"}, "TEST and TOKEN do not go together (TOKEN)"),
    ({"SIM": "vcs"}, "'vcs' was never tried here (SIM)"),
]


@pytest.mark.parametrize(("parameters", "says"), BAD_PLACES)
def test_a_bad_place(parameters, says, command, capsys):
    assert command(TOKENS="3", **parameters) == 2
    stderr = capsys.readouterr().err
    assert re.fullmatch(r"error: .+ \(.+\); .+\n", stderr) and says in stderr, stderr


def test_a_token_that_never_comes(command, monkeypatch, capsys):
    """The answer may end before the token that was asked for."""
    monkeypatch.setattr(waves.Question, "simulate", lambda *_: {"tokens_through_layers": HI})
    assert command(TOKEN=str(HI)) == 2
    assert f"position {HI} never came: the conversation ended after {HI} tokens (TOKEN)" in capsys.readouterr().err


def test_nothing_diverges(command, monkeypatch, capsys):
    monkeypatch.setattr(waves.Question, "simulate", lambda *_: {"tokens_through_layers": HI})
    assert command() == 2
    assert "nothing diverges in this run, so there is no place to trace (TOKEN)" in capsys.readouterr().err


def test_a_bench_is_traced_without_noise():
    """A line for each test and one for its waves, and nothing that simulators say of themselves."""
    command, environment = [sys.executable, "-m", "scripts.waves"], os.environ | {"TEST": "clk_gate", "SIM": "icarus"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    printed = done.stdout + done.stderr
    assert done.returncode == 0, printed
    tests, found = printed.count("PASSED"), re.findall(r"waves: (.+\.gtkw)\n", printed)
    assert tests == len(found) > 0 and all(Path(view).with_suffix(".fst").is_file() for view in found)
    assert len(printed.splitlines()) <= 10 + 4 * tests and "finish" not in printed and "VCD" not in printed


def test_a_divergence_is_found_and_traced(command, monkeypatch, capfd):
    """Without a place: the run itself says where, and goes once more with its waves."""
    minus = Fault("minus", "residual.sv", "64'($signed(data_i", "-64'($signed(data_i")
    hdl = write_broken("waves-divergence", [minus])
    of = BuiltChip.of
    monkeypatch.setattr(waves.BuiltChip, "of", lambda *given, **die: replace(of(*given, **die), hdl=hdl))
    assert command(TOKENS="1") == 1
    printed = capfd.readouterr()
    assert "FAILED: first divergence: slot 0, position 0" in printed.err
    assert "layer 0, stage attn_residual" in printed.err and "once more, with waves" in printed.out
    path = Path(re.search(r"^waves: (.+)$", printed.out, re.MULTILINE)[1])
    assert re.search(r"^cursor: at the first mismatch, just before \d+ ns$", printed.out, re.MULTILINE)
    assert "-attn_residual, layer 0" in path.read_text() and path.with_suffix(".fst").stat().st_size
