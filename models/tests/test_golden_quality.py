"""The measure of quality: its arithmetic, and its errors."""

import math

import numpy as np
import pytest

from models import checkpoint, quality, tiny
from models.shape import Die


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("tiny") / "tiny.gguf"
    tiny.write(path)
    return path


def test_surprise_is_the_negative_log_likelihood():
    logits = np.array([[0.0, 0.0, 0.0, 0.0], [math.log(3), 0.0, -np.inf, -np.inf], [900.0, 0.0, 0.0, 0.0]])
    assert quality.surprise(logits, np.array([2, 0, 0])) == pytest.approx([math.log(4), math.log(4 / 3), 0])


def test_compare_over_windows(path):
    ckpt = checkpoint.load(path)
    tokens = np.random.default_rng(5).integers(0, ckpt.shape.vocab, 70).tolist()
    wide = quality.compare(ckpt, Die(act_w=16, kv_w=12, kv_depth=32), tokens, [])
    narrow = quality.compare(ckpt, Die(act_w=8, kv_w=4, kv_depth=32), tokens, [])
    assert wide["positions"] == 31 + 31 + 5
    assert (
        quality.compare(ckpt, Die(kv_depth=32), tokens, [1])["positions"] == 31 + 31 + 8
    )  # windows of bos and 31 more
    assert wide["perplexity_reference"] == narrow["perplexity_reference"] > 1
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
    monkeypatch.setattr(quality, "prose", lambda: "Alice was beginning to get very tired of sitting by her sister")
    assert quality.main([*([] if arguments[0][0] == "/" else [str(path)]), *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("error: ") and error in err and err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_result_is_left_for_machines(path, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr(quality, "BUILD", tmp_path)
    monkeypatch.setattr(quality, "prose", lambda: "Alice was beginning to get very tired of sitting by her sister")
    assert quality.main([str(path), "--tokens", "20"]) == 0
    assert "perplexity golden" in capsys.readouterr().out
    assert '"same_first_choice_percent"' in (tmp_path / "results" / "quality.json").read_text()
