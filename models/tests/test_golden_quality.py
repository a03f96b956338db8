# SPDX-License-Identifier: Apache-2.0
"""The measure of quality: its arithmetic."""

import math

import numpy as np
import pytest

from models import quality
from models.checkpoint import checkpoint, tiny
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
