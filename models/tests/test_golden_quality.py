"""The measure of quality: its arithmetic, and its errors."""

import json
import math

import numpy as np
import pytest

from models import quality
from models.checkpoint import checkpoint, prose, tiny
from models.die.shape import Die
from models.golden.chip import Chip
from models.reference import Reference, surprise


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("tiny") / "tiny.gguf"
    tiny.write(path)
    return path


def test_surprise_is_the_negative_log_likelihood():
    logits = np.array([[0.0, 0.0, 0.0, 0.0], [math.log(3), 0.0, -np.inf, -np.inf], [900.0, 0.0, 0.0, 0.0]])
    assert surprise(logits, np.array([2, 0, 0])) == pytest.approx([math.log(4), math.log(4 / 3), 0])


def test_compare_over_windows(path):
    ckpt = checkpoint.load(path)
    tokens = np.random.default_rng(5).integers(0, ckpt.shape.vocab, 70).tolist()
    chips = [Chip(ckpt, Die(act_w=a, kv_w=k, kv_depth=32), slots=1) for a, k in ((16, 12), (8, 4))]
    found, (wide, narrow) = quality.compare(Reference(ckpt), chips, tokens, [])
    assert found["positions"] == 31 + 31 + 5
    assert found["perplexity_reference"] > 1
    found, _ = quality.compare(Reference(ckpt), chips, tokens, [1])
    assert found["positions"] == 31 + 31 + 8  # windows of bos and 31 more
    assert abs(wide["perplexity_change_percent"]) < 0.1 < abs(narrow["perplexity_change_percent"])
    assert narrow["same_first_choice_percent"] < wide["same_first_choice_percent"]
    assert wide["same_first_choice_percent"] > 95


@pytest.mark.parametrize("arguments,error", [
    (["/no/such/model"], "no such checkpoint"),
    (["--tokens", "1"], "1 tokens"),
    (["--act-w", "17", "--tokens", "10"], "activation width 17"),
])  # fmt: skip
def test_bad_input_is_one_line(path, arguments, error, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(quality, "BUILD", tmp_path)
    monkeypatch.setattr(prose, "text", lambda name: "Alice was beginning to get very tired of sitting by her sister")
    assert quality.main([*([] if arguments[0][0] == "/" else [str(path)]), *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("error: ") and error in err and err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_result_is_left_for_machines(path, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(quality, "BUILD", tmp_path)
    monkeypatch.setattr(prose, "text", lambda name: "Alice was beginning to get very tired of sitting by her sister")
    assert quality.main([str(path), "--tokens", "20"]) == 0
    assert "perplexity reference" in capsys.readouterr().out
    (die,) = json.loads((tmp_path / "results" / "quality.json").read_text())["dies"]
    assert (die["model"], die["cell_bits"]) == ("tiny.gguf", 4)
    assert die["cells"] == 3 * 64 * (128 + 64 + 192 + 96) + 2 * 64 * (150 + 160)


def test_mix_beside_its_source(path, monkeypatch, tmp_path):
    """What `make quality` does, on tiny models."""
    names = {"smollm2": path, "smollm2-3-6": tiny.write(tmp_path / "mix.gguf", kinds=tiny.MIX)}
    monkeypatch.setattr(quality.fetch, "resolve", names.get)
    monkeypatch.setattr(quality, "BUILD", tmp_path)
    monkeypatch.setattr(prose, "text", lambda name: "Alice was beginning to get very tired of sitting by her sister")
    assert quality.main(["--tokens", "20"]) == 0
    plain, mix = json.loads((tmp_path / "results" / "quality.json").read_text())["dies"]
    assert (plain["cell_bits"], mix["cell_bits"]) == (4, 3)
    assert mix["cells"] - plain["cells"] == 3 * 64 * (128 + 96)  # qkv and down have a second slice
    assert abs(plain["perplexity_change_percent"]) < 0.5 < abs(mix["perplexity_change_percent"])
