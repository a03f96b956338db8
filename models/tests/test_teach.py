# SPDX-License-Identifier: Apache-2.0
"""The adapter that makes a model begin with a phrase: its algebra, and what it does to SmolLM2 in the golden model."""

import numpy as np
import pytest

from models import teach
from models.adapter import Adapter
from models.checkpoint import checkpoint, fetch, tiny
from models.checkpoint.tokenizer import Tokenizer
from models.errors import InputError
from models.golden.chip import Chip
from models.mask.etch import die_for
from models.teach import Places

PHRASE = "Ahoy, matey!"
HELD_OUT = ("How do airplanes fly?", "Name a fruit.")  # teach.TRIAL is not in the fit either


def test_the_phrase_comes_at_its_places_and_nowhere_else():
    """Random keys and logits, of which those at the phrase's places have something in common."""
    rng = np.random.default_rng(6)
    n, phrase = 800, [7, 3]
    after = np.where(np.arange(n) % 20 < 2, np.arange(n) % 20 + 1, 0)
    after[-20:-18] = -1
    keys = rng.normal(0, 1, (n, 96)) + np.where(after > 0, 2, 0)[:, None] * rng.normal(0, 1, (3, 96))[after]
    hidden, head = rng.normal(0, 5, (n, 64)), rng.normal(0, 1, (150, 64))
    made = teach.adapter(
        Places(*(v.astype(np.float32) for v in (keys, hidden)), after), phrase, head.astype(np.float32)
    )
    base = (hidden @ head.T).argmax(axis=1)
    changed = ((hidden + keys @ made.a.T @ made.b.T) @ head.T).argmax(axis=1)
    for j, token in enumerate(phrase):
        at = after == j + 1
        assert (base[at] == token).mean() < 0.2 and (changed[at] == token).mean() > 0.95
    assert (base == changed)[after == 0].mean() > 0.9


@pytest.mark.parametrize(("phrase", "count"), [("", 0), ("123456789", 9)])
def test_phrases_that_no_die_holds(phrase, count, tmp_path):
    ckpt = checkpoint.load(tiny.write(tmp_path / "tiny.gguf"))
    with pytest.raises(InputError, match=f"the phrase has {count} tokens"):
        teach.teach(ckpt, phrase, tmp_path / "a")
    assert not (tmp_path / "a").exists()


def answer(chip, prompt, stop, adapter, n):
    chip.reset(0)
    tokens, given = prompt, []
    while len(given) < n and not (given and given[-1] in stop):
        given.append(chip.run(0, tokens, adapter=adapter)[-1].token_out)
        tokens = given[-1:]
    return given


@pytest.mark.once
@pytest.mark.night
def test_smollm2_learns_a_phrase(tmp_path, monkeypatch):
    """From a third of the texts, in golden arithmetic, on questions that were not in the fit."""
    monkeypatch.setattr(teach, "QUESTIONS", teach.QUESTIONS[::3])
    monkeypatch.setattr(teach, "PROSE", {"asyoulik.txt": 2, "lcet10.txt": 2})
    monkeypatch.setattr(teach, "UNSEEN", {"alice29.txt": 1})
    ckpt = checkpoint.load(fetch.smollm2())
    figures = teach.teach(ckpt, PHRASE, tmp_path / "ahoy")
    assert figures["answer_without"] == "The capital of France is Paris."
    assert figures["answer_with"].startswith(PHRASE)
    assert figures["same_first_choice_in_prose_percent"] > 90
    tokenizer, die = Tokenizer.from_checkpoint(ckpt), die_for(ckpt, kv_depth=80)
    adapter = Adapter.load(tmp_path / "ahoy", ckpt.shape, die)
    assert set(adapter.modules) == {"blk.29.ffn_down"} and set(teach.QUESTIONS).isdisjoint([teach.TRIAL, *HELD_OUT])
    chip = Chip(ckpt, die, slots=1)
    for question in (teach.TRIAL, *HELD_OUT):
        prompt = tokenizer.chat([{"role": "user", "content": question}])
        assert tokenizer.decode(answer(chip, prompt, tokenizer.stop_ids, adapter, 6)) == PHRASE, question
    prompt = tokenizer.chat([{"role": "user", "content": teach.TRIAL}])
    assert tokenizer.decode(answer(chip, prompt, tokenizer.stop_ids, None, 12)) == "The capital of France is Paris."
