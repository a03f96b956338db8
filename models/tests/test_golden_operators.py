# SPDX-License-Identifier: Apache-2.0
"""Every golden operator against the formula of docs/formats.md, written again in Python integers and fractions."""

import math
from fractions import Fraction

import numpy as np
import pytest

from models.checkpoint.quantised import Quantised
from models.die.shape import Die, Shape, norm_constants, score_constant
from models.golden.act_quantiser import act_quantiser
from models.golden.argmax import argmax
from models.golden.attention import attention, scores
from models.golden.divider import divider
from models.golden.embedding import embedding
from models.golden.exp2 import exp2
from models.golden.fixed_point import blen, quantise, rsr, sat24, sat32
from models.golden.kv_sram import KvSram
from models.golden.matrix import Matrix
from models.golden.residual import residual
from models.golden.rms_norm import RmsNorm
from models.golden.rope import rope, table
from models.golden.rsqrt import rsqrt
from models.golden.sigmoid import sigmoid
from models.golden.swiglu import swiglu
from models.quantise import k_quants

INT_MIN, INT_MAX = -(1 << 31), (1 << 31) - 1
LARGEST_D, LARGEST_M = np.nextafter(np.array([1, 128], dtype=np.float16), np.float16(0)).view(np.uint16)


def slow_rsr(v, r):
    return v if r == 0 else math.floor((Fraction(v) + 2 ** (r - 1)) / 2**r)


def slow_sat(v, width):
    return max(-(2 ** (width - 1)), min(2 ** (width - 1) - 1, v))


def slow_blen(xs):
    union = 0
    for x in xs:
        union |= ~x if x < 0 else x
    return union.bit_length()


def slow_quantise(xs, width):
    shift = max(0, slow_blen(xs) - (width - 1))
    return [min(slow_rsr(x, shift), 2 ** (width - 1) - 1) for x in xs], shift


def slow_half(word):
    """A binary16 as the integer multiple of 2^-24 that it is."""
    sign, exponent, fraction = word >> 15, word >> 10 & 31, word & 1023
    value = fraction if exponent == 0 else (fraction | 1024) << (exponent - 1)
    return -value if sign else value


def fx(rng, *size):
    """FX values of every magnitude, each vector with its own, with the extremes among them."""
    reach = rng.integers(0, 32, (*size[:-1], 1)) - rng.integers(0, 6, size)
    x = np.floor(rng.uniform(-1, 1, size) * 2.0**reach).astype(np.int64)
    return np.where(rng.random(size) < 0.02, rng.choice([INT_MIN, INT_MAX, 0, -1, 1], size), x)


def halves(rng, limit, *size):
    """binary16 words of finite numbers below ``limit`` in magnitude, of every exponent, with the extremes."""
    words = rng.integers(0, 1 << 16, size, dtype=np.uint16)
    keep = np.abs(words.view(np.float16).astype(np.float64)) < limit
    largest = np.nextafter(np.float16(limit), np.float16(0))
    extremes = np.array([largest, -largest, 0, 2.0**-24], dtype=np.float16).view(np.uint16)
    return np.where(keep & (rng.random(size) < 0.95), words, rng.choice(extremes, size))


@pytest.fixture
def rng():
    return np.random.default_rng(20)


def test_rsr_rounds_half_up(rng):
    v = np.concatenate([fx(rng, 40, 50).ravel(), [1 << 52, -(1 << 52)]])
    for r in range(63):
        expected = [slow_rsr(int(x), r) for x in v]
        assert rsr(v, r).tolist() == expected
        assert rsr(v, np.full(len(v), r)).tolist() == expected
    assert [rsr(v, 1) for v in (3, 1, -1, -3)] == [2, 1, 0, -1]


def test_saturation():
    v = np.array([INT_MAX, INT_MAX + 1, INT_MIN, INT_MIN - 1, 5, 1 << 23, -(1 << 23) - 1])
    assert sat32(v).tolist() == [INT_MAX, INT_MAX, INT_MIN, INT_MIN, 5, 1 << 23, -(1 << 23) - 1]
    assert sat24(v[[0, 2, 4, 5, 6]]).tolist() == [2**23 - 1, -(2**23), 5, 2**23 - 1, -(2**23)]


@pytest.mark.parametrize("width", [4, 8, 10, 12, 16])
def test_quantise(rng, width):
    x = np.concatenate([fx(rng, 300, 32), [[INT_MIN] * 32, [INT_MAX] * 32, [0] * 32, [-1] * 32]])
    mantissas, shifts = quantise(x, width)
    assert blen(x).tolist() == [slow_blen(row.tolist()) for row in x]
    for row, m, shift in zip(x.tolist(), mantissas.tolist(), shifts.tolist(), strict=True):
        assert (m, shift) == slow_quantise(row, width)
        assert 0 <= shift <= 32 - width
        assert -(1 << (width - 1)) <= min(m) and max(m) < 1 << (width - 1)


def test_act_quantiser_splits_blocks(rng):
    x = fx(rng, 3, 96)
    mantissas, shifts = act_quantiser(x, 12)
    for t in range(3):
        for b in range(3):
            block = x[t, 32 * b : 32 * b + 32].tolist()
            assert (mantissas[t, b].tolist(), shifts[t, b]) == slow_quantise(block, 12)


def slow_matrix(q, d, m, act_w, mantissas, shifts, s=None, n=None, span=32):
    """The matrix of docs/formats.md, span by span; d and m are of super-blocks, s and n, 1 without, of spans."""
    out, x = [], [value for group in mantissas for value in group]
    for c in range(len(q)):
        acc = 0
        for p, start in enumerate(range(0, len(x), span)):
            inputs = x[start : start + span]
            total = sum(code * v for code, v in zip(q[c][start : start + span], inputs, strict=True))
            of = p * len(d[c]) * span // len(x)
            terms = slow_half(d[c][of]) * total, slow_half(m[c][of]) * sum(inputs)
            both = terms[0] * (s[c][p] if s else 1) + terms[1] * (n[c][p] if n else 1)
            acc += slow_rsr(both, 32 - act_w - shifts[start // 32])
        out.append(slow_sat(slow_rsr(acc, act_w - 8), 32))
    return out


@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize("act_w", [8, 12, 13, 16])
def test_matrix(rng, bits, act_w):
    q = rng.integers(0, 1 << bits, (6, 96), dtype=np.uint8)
    d, m = halves(rng, 1, 6, 3), halves(rng, 128, 6, 3)
    matrix = Matrix(q, d, m, act_w, bits)
    mantissas, shifts = act_quantiser(fx(rng, 40, 96), act_w)
    expected = [
        slow_matrix(q.tolist(), d.tolist(), m.tolist(), act_w, *x)
        for x in zip(mantissas.tolist(), shifts.tolist(), strict=True)
    ]
    assert matrix(mantissas, shifts).tolist() == expected
    assert matrix(mantissas[0], shifts[0]).tolist() == expected[0]


@pytest.mark.parametrize("act_w", [12, 16])
@pytest.mark.parametrize("sign", [-1, 1])
def test_matrix_extremes(act_w, sign):
    """All codes, scales and mantissas at their ends: what the exact sums in floating point have to hold."""
    q = np.full((2, 2048), 255, dtype=np.uint8)
    d, m = np.full((2, 64), LARGEST_D), np.full((2, 64), LARGEST_M)
    mantissas = np.full((64, 32), (1 << (act_w - 1)) - 1 if sign > 0 else -(1 << (act_w - 1)))
    for shift in (0, 1, 31 - act_w, 32 - act_w):
        shifts = np.full(64, shift)
        shifts[0] = 0
        expected = slow_matrix(q.tolist(), d.tolist(), m.tolist(), act_w, mantissas.tolist(), shifts.tolist())
        assert Matrix(q, d, m, act_w)(mantissas, shifts).tolist() == expected


@pytest.mark.parametrize(("span", "superblock"), [(16, 256), (32, 256), (16, 32), (32, 32)])
@pytest.mark.parametrize("act_w", [12, 16])
def test_matrix_with_integers(rng, act_w, span, superblock):
    """Spans and super-blocks of every array; products beyond what float64 holds among them, with 16 bits or wild m."""
    q = rng.integers(0, 64, (6, 512), dtype=np.uint8)
    d, m = halves(rng, 1, 6, 512 // superblock), halves(rng, 128, 6, 512 // superblock)
    s, n = (rng.integers(-128, 128, (6, 512 // span)).astype(np.int8) for _ in range(2))
    s[0], n[0] = -128, 127
    mantissas, shifts = act_quantiser(fx(rng, 8, 512), act_w)
    shifts[0] = 32 - act_w
    expected = [
        slow_matrix(q.tolist(), d.tolist(), m.tolist(), act_w, *x, s.tolist(), n.tolist(), span)
        for x in zip(mantissas.tolist(), shifts.tolist(), strict=True)
    ]
    assert Matrix(q, d, m, act_w, 6, s, n)(mantissas, shifts).tolist() == expected


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("act_w", [12, 16])
def test_matrix_with_integers_at_their_ends(act_w, sign):
    """All of them at once, in a deep matrix: sums beyond 64 bits saturate as they must; half of them cancel."""
    q, shape = np.full((2, 16384), 63, dtype=np.uint8), (2, 64)
    d, m = np.full(shape, LARGEST_D), np.full(shape, LARGEST_M)
    s, n = np.full((2, 1024), -128, dtype=np.int8), np.full((2, 1024), -128, dtype=np.int8)
    s[1, 512:] = n[1, 512:] = 127
    mantissas = np.full((512, 32), (1 << (act_w - 1)) - 1 if sign > 0 else -(1 << (act_w - 1)))
    for shift in (0, 32 - act_w):
        shifts = np.full(512, shift)
        integers = s.tolist(), n.tolist(), 16
        expected = slow_matrix(
            q.tolist(), d.tolist(), m.tolist(), act_w, mantissas.tolist(), shifts.tolist(), *integers
        )
        assert Matrix(q, d, m, act_w, 6, s, n)(mantissas, shifts).tolist() == expected


def test_matrix_of_tensors_in_a_narrower_span(rng):
    """A plain tensor and one with spans of 32 beside one with spans of 16: all are summed by 16."""
    parts = [
        k_quants.quantise(rng.normal(0, 0.1, (3, 256)).astype(np.float32), "Q4_K"),
        Quantised("Q4_0", rng.integers(0, 16, (2, 256), dtype=np.uint8), halves(rng, 1, 2, 8), halves(rng, 8, 2, 8)),
        k_quants.quantise(rng.normal(0, 0.1, (3, 256)).astype(np.float32), "Q6_K"),
    ]
    mantissas, shifts = act_quantiser(fx(rng, 4, 256), 12)
    got = Matrix.of(parts, 12, 16)(mantissas, shifts)
    for t in range(4):
        expected = []
        for part in parts:
            s, n = (None if v is None else np.repeat(v, part.span // 16, axis=1).tolist() for v in (part.s, part.n))
            words = part.q.tolist(), part.d.tolist(), part.m.tolist()
            expected += slow_matrix(*words, 12, mantissas[t].tolist(), shifts[t].tolist(), s, n, 16)
        assert got[t].tolist() == expected
    with pytest.raises(AssertionError, match="wider spans"):
        Matrix.of(parts, 12, 32)


def test_matrix_of_a_wide_die(rng):
    """Sums inside a block that float32 would round: large codes and 16-bit activations of one sign."""
    q = rng.integers(128, 256, (6, 96), dtype=np.uint8)
    d, m = np.full((6, 3), LARGEST_D), np.full((6, 3), LARGEST_M)
    mantissas, shifts = rng.integers(1 << 14, 1 << 15, (20, 3, 32)), np.zeros((20, 3), dtype=np.int64)
    expected = [
        slow_matrix(q.tolist(), d.tolist(), m.tolist(), 16, *x)
        for x in zip(mantissas.tolist(), shifts.tolist(), strict=True)
    ]
    assert abs(np.array(expected)).max() < INT_MAX
    assert Matrix(q, d, m, 16)(mantissas, shifts).tolist() == expected


def test_matrix_sums_past_float64():
    """Odd terms that arrive while the sum is past 2^53 are kept: large blocks cancel and leave the small ones."""
    d = np.full((8, 320), LARGEST_D)
    d[:, 128:192] = 1  # 2^-24
    mantissas = np.full((320, 32), 2047)
    mantissas[128:192] = 0
    mantissas[128:192, 0] = 1
    mantissas[192:] = -2047
    codes = np.full((8, 320 * 32), 255, dtype=np.uint8)
    got = Matrix(codes, d, np.zeros_like(d), 12)(mantissas, np.full(320, 20))
    assert got.tolist() == [64 * 255 >> 4] * 8


def test_matrix_larger_than_a_pass(rng):
    """Columns, tokens and blocks past the tiling's edges agree with the same matrix in pieces."""
    q = rng.integers(0, 16, (4100, 96), dtype=np.uint8)
    d, m = halves(rng, 1, 4100, 3), halves(rng, 128, 4100, 3)
    mantissas, shifts = act_quantiser(fx(rng, 70, 96), 12)
    whole = Matrix(q, d, m, 12, 4)(mantissas, shifts)
    for at in (slice(0, 3), slice(4094, 4100)):
        for t in (0, 31, 32, 69):
            piece = slow_matrix(
                q[at].tolist(), d[at].tolist(), m[at].tolist(), 12, mantissas[t].tolist(), shifts[t].tolist()
            )
            assert whole[t, at].tolist() == piece


def test_rsqrt(rng):
    values = [1, 2, 3, 4, (1 << 44) - 1, 1 << 44, 1 << 46, (1 << 48) - 1] + [
        int(2 ** rng.uniform(0, 48)) for _ in range(500)
    ]
    for u in values:
        r, k = rsqrt(u)
        assert 1 << 46 <= u << 2 * k < 1 << 48
        quotient = math.floor(Fraction(1 << 82, u << 2 * k))
        assert r * r <= quotient < (r + 1) ** 2
        assert 1 << 17 <= r <= 1 << 18


def slow_rms_norm(x, gains, eps):
    n = len(x)
    neps = round(n * eps * 2**32)
    sqe = math.floor(math.log2(math.sqrt(n)))
    sqn = round(math.sqrt(n) * 2 ** (15 - sqe))
    if sqn == 1 << 16:
        sqn, sqe = 1 << 15, sqe + 1
    xs, shift = slow_quantise(x, 16)
    u = max(1, sum(v * v for v in xs) + (neps >> (2 * shift)))
    k = next(k for k in range(-24, 25) if 1 << 46 <= Fraction(u) * 4**k < 1 << 48)
    r = math.isqrt(math.floor(Fraction(1 << 82) / (Fraction(u) * 4**k)))
    a = slow_rsr(r * sqn, 15)
    out = []
    for v, gain in zip(x, gains, strict=True):
        word = int(np.float32(gain).view(np.uint32))
        exponent = word >> 23 & 255
        significand = 0 if exponent == 0 else (word & 0x7FFFFF | 0x800000) * (-1 if word >> 31 else 1)
        z = slow_rsr(v * a, 21 + shift - k - sqe)
        out.append(slow_sat(slow_rsr(z * significand, min(62, 154 - exponent)), 32))
    return out


@pytest.mark.parametrize("n,eps", [(32, 1e-5), (96, 1e-6), (576, 1e-5), (8192, 1e-5)])
def test_rms_norm(rng, n, eps):
    shape = Shape(1, n, 1, 1, 32, 32, 32, eps, 1e4, 32)
    gains = (rng.uniform(-1, 1, n) * 2.0 ** rng.integers(-40, 9, n)).astype(np.float32)
    gains[:6] = [0, -0.0, 255.99998, -255.99998, 1e-40, 1]
    norm = RmsNorm(gains, norm_constants(shape))
    x = fx(rng, 24 if n < 1000 else 6, n)
    x[:4] = np.array([0, 1, INT_MIN, INT_MAX])[:, None]
    assert norm(x).tolist() == [slow_rms_norm(row, gains, eps) for row in x.tolist()]


def test_rms_norm_is_a_norm(rng):
    x = rng.integers(-(5 << 16), 5 << 16, (4, 576))
    y = RmsNorm(np.ones(576, dtype=np.float32), norm_constants(Shape(1, 576, 9, 3, 64, 32, 32, 1e-5, 1e4, 64)))(x)
    wanted = x / np.sqrt(np.mean((x / 65536.0) ** 2, axis=-1, keepdims=True) + 1e-5)
    assert np.abs(y - wanted).max() < 12  # of 65,536: r has 17 bits


def test_rope(rng):
    shape = Shape(1, 64, 2, 1, 16, 32, 32, 1e-5, 1e4, 12, rope_factors=(1.0, 1.0, 2.0, 4.0, 8.0, 8.0))
    cos, sin = table(shape, 70)
    assert cos.shape == sin.shape == (70, 8)
    for pos in range(70):
        for i in range(8):
            angle = pos * 1e4 ** (-2 * i / 12) / shape.rope_factors[i] if i < 6 else 0.0
            assert (cos[pos, i], sin[pos, i]) == (round(math.cos(angle) * 2**14), round(math.sin(angle) * 2**14))
    x = fx(rng, 70, 3, 16)
    y = rope(x, cos, sin)
    for pos, head, i in np.ndindex(70, 3, 8):
        x0, x1 = (int(v) for v in x[pos, head, 2 * i : 2 * i + 2])
        c, s = int(cos[pos, i]), int(sin[pos, i])
        assert y[pos, head, 2 * i] == slow_sat(slow_rsr(x0 * c - x1 * s, 14), 32)
        assert y[pos, head, 2 * i + 1] == slow_sat(slow_rsr(x0 * s + x1 * c, 14), 32)
    assert (y[0] == x[0]).all() and (y[..., 12:] == x[..., 12:]).all()


def test_kv_sram(rng):
    shape = Shape(1, 64, 4, 2, 16, 32, 32, 1e-5, 1e4, 16)
    sram = KvSram(shape, Die(kv_depth=9))
    k, v = fx(rng, 9, 2, 16), fx(rng, 9, 2, 16)
    sram.write(0, k[:5], v[:5])
    sram.write(5, k[5:], v[5:])
    stored = sram.read(9)
    for x, mantissas, shifts in ((k, *stored[:2]), (v, *stored[2:])):
        for pos, head in np.ndindex(9, 2):
            expected = slow_quantise(x[pos, head].tolist(), 10)
            assert (mantissas[head, pos].astype(int).tolist(), shifts[head, pos]) == expected


def slow_exp2(dlt):
    entry = [round(2**16 * 2 ** (-j / 64)) for j in range(65)]
    j, low = dlt >> 6 & 63, dlt & 63
    v = entry[j] - (((entry[j] - entry[j + 1]) * low + 32) >> 6)
    return 0 if dlt >> 12 > 31 else (v << 4) >> (dlt >> 12)


def test_exp2():
    dlt = np.concatenate([np.arange(3 << 12), np.arange(3 << 12, 1 << 24, 997), [(1 << 24) - 1]])
    got = exp2(dlt)
    assert got.tolist() == [slow_exp2(int(v)) for v in dlt]
    assert got[0] == 1 << 20 and got[-1] == 0
    assert (np.diff(got) <= 0).all()
    assert np.abs(got - 2.0 ** (20 - dlt / 4096)).max() < 40  # 4e-5 of 1.0


def test_divider(rng):
    totals = [(1 << 19) + 1, 1 << 20, (1 << 20) - 1, *rng.integers((1 << 19) + 1, 1 << 20, 300).tolist()]
    got = divider(np.array(totals)).tolist()
    assert got == [math.floor(Fraction(1 << 35, t)) for t in totals]
    assert min(got) == 1 << 15 and max(got) == (1 << 16) - 1


def slow_softmax(scores, lifts, values):
    """Scores, exponents and mantissas of the values of one head -> weights, outputs."""
    frame = value_frame = total = None
    weights, sums = [], []
    for start in range(0, len(scores), 8):
        octet = range(start, min(start + 8, len(scores)))
        reach = {t: math.ceil(Fraction(scores[t], 4096)) for t in octet}
        before, value_before = frame, value_frame
        frame = max([*reach.values(), *([] if frame is None else [frame])])
        value_frame = max([*(reach[t] + lifts[t] for t in octet), *([] if value_frame is None else [value_frame])])
        e = {t: (slow_exp2(reach[t] * 4096 - scores[t]) << 20) >> (20 + frame - reach[t]) for t in octet}
        w = {t: slow_exp2(reach[t] * 4096 - scores[t]) >> (value_frame - reach[t] - lifts[t]) for t in octet}
        weights += e.values()
        new = [sum(w[t] * values[t][j] for t in octet) for j in range(len(values[0]))]
        total = sum(e.values()) + (0 if total is None else total >> (frame - before))
        sums = [n + (sums[j] >> (value_frame - value_before) if sums else 0) for j, n in enumerate(new)]
    b = (total - 1).bit_length()
    reciprocal = math.floor(Fraction(1 << 35, math.floor((total - 1) * Fraction(2) ** (20 - b)) + 1))
    places = b + 9 - (value_frame - frame)
    return weights, [slow_sat(slow_rsr((n >> 6) * reciprocal, places), 32) for n in sums]


def slow_attention(q, k, v, act_w, kv_w, constant):
    """One query token [heads][head_dim] over keys and values [n][kv_heads][head_dim], all FX."""
    group = len(q) // len(k[0])
    found = []
    for h, head in enumerate(q):
        mq, shq = slow_quantise(head, act_w)
        scores = []
        for pos in k:
            mk, shk = slow_quantise(pos[h // group], kv_w)
            dot = sum(a * b for a, b in zip(mq, mk, strict=True))
            right = (64 - act_w - kv_w) - shq - shk
            scores.append(slow_sat(slow_rsr((dot * constant) << (28 - act_w - kv_w), right), 24))
        values, lifts = zip(*(slow_quantise(pos[h // group], kv_w) for pos in v), strict=True)
        found.append(slow_softmax(scores, lifts, values))
    return [list(part) for part in zip(*found, strict=True)]


@pytest.mark.parametrize("act_w,kv_w", [(12, 10), (8, 4), (16, 12), (8, 16)])
@pytest.mark.parametrize("magnitude", [1 << 13, 1 << 17, 1 << 31])
def test_attention(rng, act_w, kv_w, magnitude):
    shape = Shape(1, 64, 4, 2, 16, 32, 32, 1e-5, 1e4, 16)
    n, first = 29, 6
    q, k, v = (rng.integers(-magnitude, magnitude, (n, heads, 16)) for heads in (4, 2, 2))
    k[9:] *= 1 << rng.integers(0, 3, (20, 1, 1))  # larger scores come later, and larger values
    v[9:] >>= rng.integers(0, 9, (20, 1, 1))
    k, v = (np.clip(x, INT_MIN, INT_MAX) for x in (k, v))
    k[3], v[3], v[4], v[20] = INT_MIN, INT_MIN, INT_MAX, 0
    q[first] = INT_MIN
    sram = KvSram(shape, Die(act_w=act_w, kv_w=kv_w, kv_depth=n))
    sram.write(0, k, v)
    constant = score_constant(shape)
    weight, out = attention(q[first:], sram.read(n), first, act_w, kv_w, constant)
    for t in range(n - first):
        pos = first + t
        weights, outs = slow_attention(
            q[pos].tolist(), k[: pos + 1].tolist(), v[: pos + 1].tolist(), act_w, kv_w, constant
        )
        assert weight[t, : pos + 1].T.tolist() == weights
        assert (weight[t, pos + 1 :] == 0).all()
        assert out[t].tolist() == outs


def test_attention_is_a_mean_of_values(rng):
    shape = Shape(1, 64, 4, 2, 16, 32, 32, 1e-5, 1e4, 16)
    n = 300
    k, v, q = (rng.integers(-(1 << 16), 1 << 16, (count, heads, 16)) for count, heads in ((n, 2), (n, 2), (4, 4)))
    sram = KvSram(shape, Die(kv_depth=n))
    sram.write(0, k, v)
    mk, k_shift, mv, v_shift = sram.read(n)
    _, out = attention(q, sram.read(n), n - 4, 12, 10, score_constant(shape))
    s = scores(q, mk, k_shift, 12, 10, score_constant(shape)).reshape(4, 4, n) / 4096
    p = np.where(np.arange(n) <= n - 4 + np.arange(4)[:, None], 2.0 ** (s - s.max(axis=-1, keepdims=True)), 0)
    value = np.repeat(np.ldexp(mv, v_shift[..., None]), 2, axis=0)
    exact = (p / p.sum(axis=-1, keepdims=True)) @ value
    assert np.abs(out.transpose(1, 0, 2) - exact).max() < 2  # FX units: of 65,536


def slow_sigmoid(g):
    entry = [round(2**16 / (1 + math.exp(-i / 16))) for i in range(257)]
    a = (1 << 20) - 1 if abs(g) >= 1 << 20 else abs(g)
    sg = entry[a >> 12] + (((entry[(a >> 12) + 1] - entry[a >> 12]) * (a & 4095) + 2048) >> 12)
    return (1 << 16) - sg if g < 0 else sg


def test_sigmoid(rng):
    g = np.concatenate([np.arange(-(18 << 16), 18 << 16, 61), fx(rng, 40, 8).ravel(), [INT_MIN, INT_MAX, 0]])
    got = sigmoid(g)
    assert got.tolist() == [slow_sigmoid(int(v)) for v in g]
    ramp = got[: (36 << 16) // 61]
    assert (np.diff(ramp) >= 0).all()
    assert (
        np.abs(got - 65536 / (1 + np.exp(-np.maximum(g, -(20 << 16)) / 65536))).max() < 16
    )  # a quarter of a thousandth


def test_swiglu(rng):
    g, u = fx(rng, 60, 32), fx(rng, 60, 32)
    g[:2], u[0], u[1] = INT_MIN, INT_MIN, INT_MAX
    g[2:4], u[2], u[3] = INT_MAX, INT_MIN, INT_MAX
    for a, b, h in zip(g.ravel().tolist(), u.ravel().tolist(), swiglu(g, u).ravel().tolist(), strict=True):
        assert h == slow_sat(slow_rsr(slow_rsr(a * slow_sigmoid(a), 16) * b, 16), 32)


def test_residual(rng):
    x, y = fx(rng, 40, 32), fx(rng, 40, 32)
    x[0], y[0], x[1], y[1] = INT_MIN, INT_MIN, INT_MAX, INT_MAX
    expected = [
        [slow_sat(a + b, 32) for a, b in zip(*rows, strict=True)] for rows in zip(x.tolist(), y.tolist(), strict=True)
    ]
    assert residual(x, y).tolist() == expected


def test_embedding(rng):
    q = rng.integers(0, 256, (20, 64), dtype=np.uint8)
    d, m = halves(rng, 1, 20, 2), halves(rng, 128, 20, 2)
    tokens = np.array([0, 19, 7, 7, 3])
    expected = [
        [
            slow_sat(slow_rsr(slow_half(int(d[t, j // 32])) * int(q[t, j]) + slow_half(int(m[t, j // 32])), 8), 32)
            for j in range(64)
        ]
        for t in tokens
    ]
    assert embedding(tokens, q, d, m).tolist() == expected


@pytest.mark.parametrize(("span", "superblock"), [(16, 256), (32, 32)])
def test_embedding_with_integers(rng, span, superblock):
    q = rng.integers(0, 64, (20, 256), dtype=np.uint8)
    d, m = halves(rng, 1, 20, 256 // superblock), halves(rng, 128, 20, 256 // superblock)
    s, n = (rng.integers(-128, 128, (20, 256 // span)).astype(np.int8) for _ in range(2))
    tokens = np.array([0, 19, 7])

    def slow(t, j):
        scale, offset = (slow_half(int(word[t, j // superblock])) for word in (d, m))
        exact = scale * int(s[t, j // span]) * int(q[t, j]) + offset * int(n[t, j // span])
        return slow_sat(slow_rsr(exact, 8), 32)

    assert embedding(tokens, q, d, m, s, n).tolist() == [[slow(t, j) for j in range(256)] for t in tokens]


def test_argmax_takes_the_lowest_index():
    assert argmax(np.array([[1, 5, 5, 2], [INT_MIN] * 4, [INT_MIN, INT_MIN, INT_MAX, INT_MAX]])).tolist() == [1, 0, 2]
