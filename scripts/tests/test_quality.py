# SPDX-License-Identifier: Apache-2.0
"""``make quality`` as a user meets it."""

import json

import gguf
import numpy as np
import pytest

from models.checkpoint import checkpoint, fetch, prose, tiny
from models.checkpoint.tokenizer import Tokenizer
from models.quantise.anew import perplexity
from models.reference import Reference
from scripts import quality

PROSE = "Alice was beginning to get very tired of sitting by her sister"


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tiny.write(tmp_path_factory.mktemp("tiny") / "tiny.gguf")


@pytest.fixture
def ask(give, monkeypatch, tmp_path, capsys):
    """Call the command on a short text: status, what it prints and complains of, its figures."""
    monkeypatch.setattr(quality, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(prose, "text", lambda name: PROSE)

    def call(**parameters):
        give(**parameters)
        status = quality.main()
        file = tmp_path / "results" / "quality.json"
        return status, *capsys.readouterr(), json.loads(file.read_text()) if file.exists() else None

    return call


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"MODEL": "/no/such/model"}, "no such checkpoint"),
        ({"TOKENS": 1}, "1 tokens (TOKENS); the text has "),
        ({"TOKENS": "few"}, "'few' is no number from 1"),
        ({"ACT_W": 17, "TOKENS": 10}, "activation width 17"),
    ],
)
def test_bad_input_is_one_line(path, parameters, error, ask):
    status, out, err, figures = ask(**{"MODEL": path} | parameters)
    assert (status, out, figures) == (2, "", None)
    assert err.startswith("error: ") and error in err and err.count("\n") == 1


def test_result_is_left_for_machines(path, ask):
    status, out, _, figures = ask(MODEL=path, TOKENS=20)
    assert status == 0 and "perplexity reference" in out
    (die,) = figures["dies"]
    assert (die["model"], die["cell_bits"]) == ("tiny.gguf", 4)
    assert die["cells"] == 3 * 64 * (128 + 64 + 192 + 96) + 2 * 64 * (150 + 160)


def test_mix_beside_its_source(path, ask, monkeypatch, tmp_path):
    """What `make quality` does without parameters, on tiny models."""
    names = {"smollm2": path, "smollm2-3-6": tiny.write(tmp_path / "mix.gguf", kinds=tiny.MIX)}
    monkeypatch.setattr(fetch, "resolve", names.get)
    status, _, _, figures = ask(TOKENS=20)
    assert status == 0
    plain, mix = figures["dies"]
    assert (plain["cell_bits"], mix["cell_bits"]) == (4, 3)
    assert mix["cells"] - plain["cells"] == 3 * 64 * (128 + 96)  # qkv and down have a second slice
    assert abs(plain["perplexity_change_percent"]) < 0.5 < abs(mix["perplexity_change_percent"])


def test_floats_are_compared_with_what_the_file_has(ask, tmp_path):
    """Not with what is left of them as Q8_0, which is all that the die has."""
    path = tiny.write(tmp_path / "t.gguf", kinds=dict.fromkeys(("attn_q", "ffn_down", "token_embd"), "F32"))
    _, _, err, figures = ask(MODEL=path, TOKENS=20)
    assert "7 of 22 matrices (F32) go onto the die as Q8_0: relative RMS error" in err
    ckpt = checkpoint.load(path)
    ids = Tokenizer.from_checkpoint(ckpt).encode(PROSE)[:20]
    reference = Reference(ckpt)
    for tensor in gguf.GGUFReader(path).tensors:
        if tensor.name in ckpt.originals:
            reference.weights[tensor.name] = np.array(tensor.data)
    wanted = perplexity(reference, [ids])
    reference.weights = {name: tensor.dequantised() for name, tensor in ckpt.tensors.items()}
    assert figures["perplexity_reference"] == pytest.approx(np.exp(wanted), rel=1e-6)
    assert figures["perplexity_reference"] != pytest.approx(np.exp(perplexity(reference, [ids])), rel=1e-5)
