# SPDX-License-Identifier: Apache-2.0
"""What follows from a shape alone: multiplications, constants, and what a slot can take."""

from decimal import Decimal, localcontext
from fractions import Fraction

import pytest

from models.die.shape import Die, Shape, check_tokens, macs, norm_constants, score_constant
from models.errors import InputError

SMOLLM2 = Shape(30, 576, 9, 3, 64, 1536, 49152, 1e-5, 100000.0, 64)
DIE = Die(kv_depth=8)


def test_macs_of_smollm2():
    """As many as its weights: what `make sim` prints; the head only where an answer is wanted."""
    assert macs(SMOLLM2, head=True) == 134_479_872
    assert macs(SMOLLM2, head=True) - macs(SMOLLM2, head=False) == 576 * 49152


@pytest.mark.parametrize("n", [32, 64, 96, 576, 960, 2048, 4096, 8160, 8192])
def test_constants_are_the_nearest(n):
    """RTL and golden model take these from one function, so it is held against exact arithmetic."""
    shape = Shape(1, n, 1, 1, n, 32, 32, 1e-5, 1e4, 32)
    neps, sqn, sqe = norm_constants(shape)
    assert abs(neps - n * Fraction(1e-5) * 2**32) <= Fraction(1, 2)
    assert 1 << 15 <= sqn < 1 << 16
    assert abs(2 * sqn - 1) ** 2 <= n << 2 * (16 - sqe) <= (2 * sqn + 1) ** 2
    with localcontext(prec=50):
        exact = 2**16 / Decimal(2).ln() / Decimal(n).sqrt()
        assert abs(score_constant(shape) - exact) <= Decimal("0.5")


def test_tokens_that_fit():
    check_tokens(SMOLLM2, DIE, [0, 49151] * 4, "slot 0")
    check_tokens(SMOLLM2, DIE, [1], "slot 0", held=7)


@pytest.mark.parametrize(
    ("tokens", "held", "what"),
    [
        ([], 0, "the prompt is empty"),
        ([1] * 9, 0, "the prompt has 9 tokens, the KV cache holds 8 \\(slot 3\\)"),
        ([1, 1], 7, "the prompt has 2 tokens, the KV cache holds 8, 7 of its places are taken"),
        ([1, 49152], 0, "token 49152 is not in the vocabulary .*from 0 to 49151"),
        ([-1], 0, "token -1 is not in the vocabulary"),
    ],
)
def test_tokens_that_do_not(tokens, held, what):
    with pytest.raises(InputError, match=what):
        check_tokens(SMOLLM2, DIE, tokens, "slot 3", held)
