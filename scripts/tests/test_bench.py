# SPDX-License-Identifier: Apache-2.0
"""``make bench``: its figures from a run's report, its table, and what it says without llama.cpp."""

import json
import sys

import pytest

from models.checkpoint import checkpoint, tiny
from models.errors import InputError
from scripts import bench, sim
from scripts.ask.figures import summarise
from scripts.cli.files import write
from tb.rig import toolchain

MIB = 2**20
REPORT = {  # of a prompt of 10 tokens and an answer of 4, as tb/chip/chip_tests.py leaves it
    "conversations": [{"slot": 0, "prompt": list(range(10)), "answer": [5, 6, 7, 8], "end": "token limit"}],
    "tokens_through_layers": 13,
    "stages_compared": 700,
    "values_compared": 51_000,
    "mismatches": 0,
    "cycles": 9000,
    "seconds": 6.5,
    "peak_memory_bytes": 512 * MIB,
    "arrivals": [(100.0, 6000), (101.0, 7000), (101.5, 8000), (102.0, 9000)],
}
EXTRA = {
    "start_seconds": 4.25,
    "golden_tokens_per_second": 40.0,
    "llama_cpp_tokens_per_second": 120.0,
    "llama_cpp_over_simulation": 80.0,
}


@pytest.fixture(scope="module")
def ckpt(tmp_path_factory):
    return checkpoint.load(tiny.write(tmp_path_factory.mktemp("tiny") / "tiny.gguf"))


@pytest.fixture
def figures(ckpt, monkeypatch):
    monkeypatch.setattr(toolchain, "describe", lambda simulator: f"{simulator} 5.099")
    return summarise(ckpt, "verilator", "rom", REPORT, 30.0, 36.5)


def test_figures_of_a_run(ckpt, figures):
    layers = 3 * (64 * 128 + 64 * 64 + 64 * 192 + 96 * 64)  # qkv, o, gateup and down of three layers
    expected = {
        "model": "tiny.gguf",
        "checkpoint_sha256": ckpt.sha256,
        "simulator": "verilator 5.099",
        "view": "rom",
        "answer_tokens": 4,
        "end": "token limit",
        "tokens_through_layers": 13,
        "layers": 3,
        "stages_compared": 700,
        "values_compared": 51_000,
        "mismatches": 0,
        "cycles": 9000,
        "cycles_per_token": 1000.0,
        "decode_tokens_per_second": 1.5,
        "simulation_seconds": 6.5,
        "tokens_per_second": 2.0,
        "macs_per_second": (13 * layers + 4 * 64 * 150) / 6.5,
        "build_seconds": 30.0,
        "peak_memory_bytes": 512 * MIB,
        "bytes_a_weight": 512 * MIB / (layers + 2 * 150 * 64),
        "total_seconds": 36.5,
    }
    assert figures == expected


def test_an_answer_of_one_token_has_no_rate(ckpt, figures, capsys):
    talk = REPORT["conversations"][0] | {"answer": [5]}
    report = REPORT | {"conversations": [talk], "arrivals": REPORT["arrivals"][:1]}
    one = summarise(ckpt, "icarus", "rom", report, 30.0, 36.5)
    assert (one["cycles_per_token"], one["decode_tokens_per_second"]) == (None, None)
    sim.show(one | {"prompt": "?", "text": "Paris"})
    assert "Paris" in capsys.readouterr().out


def test_the_table(figures, capsys):
    bench.show(figures | EXTRA)
    printed = capsys.readouterr().out
    for value in (
        "1.50 tokens/s",
        "51,000, 0 mismatches",
        "0.50 GiB",
        "4.2 s",
        "40.00 tokens/s",
        "120.0 tokens/s",
        "80 x",
    ):
        assert value in printed


def test_figures_for_machines(tmp_path, figures):
    write(tmp_path / "results" / "bench.json", figures | EXTRA)
    assert json.loads((tmp_path / "results" / "bench.json").read_text()) == figures | EXTRA
    assert [file.name for file in (tmp_path / "results").iterdir()] == ["bench.json"]


def test_llama_cpp_is_missing(ckpt, monkeypatch):
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    with pytest.raises(InputError, match=r"llama\.cpp is missing .*\(Python packages\); run `make bench`"):
        bench.measure_llama(ckpt.path, [1], 2)


@pytest.mark.parametrize(
    ("tokens", "says"), [("1", "give 2 or more"), ("0", "no number from 1"), ("many", "no number from 1")]
)
def test_a_bad_parameter_is_one_line(tokens, says, monkeypatch, capsys):
    monkeypatch.setenv("TOKENS", tokens)
    assert bench.main() == 2
    printed = capsys.readouterr().err
    assert printed.startswith("error: ")
    assert says in printed
    assert printed.count("\n") == 1
