# SPDX-License-Identifier: Apache-2.0
"""The sampler against docs/formats.md in Python integers, and against the distribution that it stands for."""

import numpy as np
import pytest

from models.checkpoint import checkpoint, tiny
from models.die.shape import Die
from models.errors import InputError
from models.golden.argmax import argmax
from models.golden.chip import Chip
from models.golden.exp2 import exp2
from models.golden.sampler import Sampling, beta, lowbias32, sampler

INT_MIN, INT_MAX = -(1 << 31), (1 << 31) - 1
VOCAB = 60


def slow(logits, pos, k, slope, seed):
    """The page, line by line."""
    order = sorted(range(len(logits)), key=lambda token: (-logits[token], token))[: max(k, 1)]
    e = []
    for token in order:
        dlt = min(2**25 - 1, ((logits[order[0]] - logits[token]) * slope + 2**19) >> 20)
        e.append(0 if dlt >> 12 > 20 else int(exp2(np.array([dlt]))[0]))
    x = (seed + pos * 0x9E3779B9) % 2**32
    for right, factor in ((16, 0x7FEB352D), (15, 0x846CA68B), (16, 1)):
        x = (x ^ x >> right) * factor % 2**32
    u, total = x * sum(e) >> 32, 0
    for token, part in zip(order, e, strict=True):
        total += part
        if total > u:
            return token
    raise AssertionError("u is below the sum")


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def test_the_page_bit_for_bit(rng):
    seen = set()
    for _ in range(600):
        logits = rng.normal(0, 2.0 ** rng.integers(8, 31), VOCAB).clip(INT_MIN, INT_MAX).astype(np.int64)
        logits = np.where(rng.random(VOCAB) < 0.1, rng.choice([INT_MIN, INT_MAX, 0, logits.max()], VOCAB), logits)
        k, pos = int(rng.integers(0, 17)), int(rng.choice([0, 1, 40, 65535]))
        slope, seed = int(2.0 ** rng.uniform(0, 24)), int(rng.choice([0, 1, 2**32 - 1, rng.integers(2**32)]))
        token = sampler(logits, pos, Sampling(k, slope, seed))
        assert token == slow(logits.tolist(), pos, k, slope, seed)
        seen.add(int((logits > logits[token]).sum()))
    assert len(seen) > 10  # choices of every rank


def test_the_published_inverse_undoes_the_hash(rng):
    def inverse(x):
        x ^= x >> 16
        x = x * 0x43021123 % 2**32
        x ^= x >> 15 ^ x >> 30
        x = x * 0x1D69E2A5 % 2**32
        return x ^ x >> 16

    words = [0, 1, 2**31, 2**32 - 1, *map(int, rng.integers(0, 2**32, 200))]
    assert [inverse(lowbias32(x)) for x in words] == words


@pytest.mark.parametrize("k", [0, 1])
def test_a_choice_of_one_is_the_argmax(rng, k):
    for _ in range(50):
        logits = rng.integers(-3, 4, VOCAB)  # ties everywhere
        assert sampler(logits, 3, Sampling(k, 1, int(rng.integers(2**32)))) == argmax(logits)


def counts(logits, sampling, draws=4000):
    """How often each token comes, over seeds."""
    tokens = [sampler(logits, 7, Sampling(sampling.top_k, sampling.beta, seed)) for seed in range(draws)]
    return np.bincount(tokens, minlength=len(logits))


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_draws_follow_the_softmax(rng, temperature):
    logits = rng.normal(0, 1.5, VOCAB)
    best = np.argsort(-logits)[:6]
    wanted = np.zeros(VOCAB)
    wanted[best] = np.exp(logits[best] / temperature)
    wanted *= 4000 / wanted.sum()
    found = counts(np.rint(logits * 2**16).astype(np.int64), Sampling(6, beta(temperature)))
    assert found[wanted == 0].sum() == 0
    chi_square = ((found - wanted)[best] ** 2 / wanted[best]).sum()
    assert chi_square < 20.5  # five degrees of freedom: one in a thousand is above


def test_draws_of_one_seed_differ_with_the_position():
    equal = np.zeros(VOCAB, dtype=np.int64)
    tokens = [sampler(equal, pos, Sampling(16, 1, 12)) for pos in range(4000)]
    found = np.bincount(tokens, minlength=VOCAB)
    assert (abs(found[:16] - 250) < 4 * 250**0.5).all() and found[16:].sum() == 0  # the lower index first among equals


def test_a_huge_gap_leaves_no_doubt():
    logits = np.full(VOCAB, INT_MIN, dtype=np.int64)
    logits[40] = INT_MAX
    assert counts(logits, Sampling(16, (1 << 24) - 1), 300)[40] == 300
    logits[40] = INT_MIN + (22 << 12)  # times 2^24 / 2^20 / 2^12: beyond 20 octaves
    assert counts(logits, Sampling(16, (1 << 24) - 1), 300)[40] == 300


def test_the_flattest_slope_forgets_the_logits():
    logits = np.arange(VOCAB, dtype=np.int64) << 8
    assert (counts(logits, Sampling(2, 1))[-2:] > 1800).all()


def test_beta_of_a_temperature():
    assert [beta(t) for t in (1.0, 0.5, 2.0)] == [94548, 189097, 47274]
    assert (beta(1e-9), beta(1e9)) == ((1 << 24) - 1, 1)


def test_a_die_has_an_end_of_its_top_k(tmp_path):
    chip = Chip(checkpoint.load(tiny.write(tmp_path / "tiny.gguf", layers=1)), Die(kv_depth=8, top_k=4))
    (greedy,) = chip.run(0, [5])
    (step,) = chip.run(1, [5], sampling=Sampling(4, 1, 9))
    assert step.token_out in np.argsort(-step.stages[18, 255])[:4] and greedy.token_out == step.stages[18, 255].argmax()
    assert step.token_out == sampler(step.stages[18, 255].astype(np.int64), 0, Sampling(4, 1, 9))
    with pytest.raises(InputError, match="among 5 logits, the die has 4"):
        chip.run(1, [5], sampling=Sampling(5))
    assert chip.position(1) == 1
