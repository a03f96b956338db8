# SPDX-License-Identifier: Apache-2.0
"""Blocks of every kind that a die holds as the file has it: nothing is lost, and the weights are the library's."""

import gguf
import numpy as np
import pytest
from gguf import GGMLQuantizationType

from models.checkpoint.checkpoint import CONVERTED
from models.checkpoint.quantised import GGUF_KINDS, K_KINDS, KINDS, Quantised
from models.quantise import k_quants


def blocks(kind: str, out: int, inputs: int) -> np.ndarray:
    """Random GGUF blocks of every bit pattern that a die accepts: uint8 [out, bytes]."""
    weights, size = gguf.GGML_QUANT_SIZES[GGMLQuantizationType[kind]]
    raw = np.random.default_rng(0).integers(0, 256, (out, inputs // weights, size), dtype=np.uint8)
    first = {"Q2_K": 80, "Q3_K": 108, "Q6_K": 208}.get(kind, 0)
    raw[..., first + 1] &= 0xBB  # |d| < 1: an exponent below 15; subnormal and negative scales stay
    if kind in ("Q4_1", "Q5_1", "Q2_K", "Q4_K", "Q5_K"):
        raw[..., first + 3] &= 0xBF
    return raw.reshape(out, -1)


@pytest.mark.parametrize("kind", GGUF_KINDS)
def test_blocks_survive_byte_for_byte(kind):
    raw = blocks(kind, 16, 768)
    matrix = Quantised.from_bytes(kind, raw.tobytes(), 16, 768)
    pairs = 768 // (matrix.superblock or 32)
    assert (matrix.q.shape, matrix.q.dtype, matrix.d.shape) == ((16, 768), np.uint8, (16, pairs))
    assert (matrix.m.dtype, matrix.q.max()) == (np.uint16, 2**matrix.bits - 1)
    assert (matrix.s is None) == (matrix.n is None) == (kind not in K_KINDS)
    if matrix.s is not None:
        assert (
            (matrix.s.shape, matrix.s.dtype) == (matrix.n.shape, matrix.n.dtype) == ((16, 768 // matrix.span), np.int8)
        )
    assert matrix.to_bytes() == raw.tobytes()


@pytest.mark.parametrize("kind", GGUF_KINDS)
def test_weights_are_those_of_the_gguf_library(kind):
    """As float32 to the bit; and d*s*q + m*n, which a die computes, within that format's rounding."""
    raw = blocks(kind, 16, 768)
    expected = gguf.quants.dequantize(raw, GGMLQuantizationType[kind])
    matrix = Quantised.from_bytes(kind, raw, 16, 768)
    weights = matrix.dequantised()
    assert weights.dtype == np.float32
    np.testing.assert_array_equal(weights, expected)
    d, m = (np.repeat(word.view("<f2").astype(float), 768 // word.shape[1], axis=1) for word in (matrix.d, matrix.m))
    s, n = (
        (1, 1)
        if matrix.s is None
        else (np.repeat(part.astype(float), matrix.span, axis=1) for part in (matrix.s, matrix.n))
    )
    terms = d * s * matrix.q, m * n
    assert (np.abs(sum(terms) - expected) <= 2.0**-23 * (np.abs(terms[0]) + np.abs(terms[1]))).all()


def test_the_sign_of_a_zero_minimum_comes_back():
    for word in (0x0000, 0x8000):
        raw = np.zeros(144, dtype=np.uint8)
        raw[2:4] = np.array([word], dtype="<u2").view(np.uint8)
        matrix = Quantised.from_bytes("Q4_K", raw, 1, 256)
        assert matrix.m[0, 0] == word ^ 0x8000
        assert matrix.to_bytes() == raw.tobytes()


def test_codes_and_scales_follow_the_formats_page():
    d = np.float16(0.25)
    raw = d.tobytes() + bytes(range(0x10, 0x20))
    q4_0 = Quantised.from_bytes("Q4_0", raw, 1, 32)
    assert q4_0.q[0].tolist() == [*range(16), *[1] * 16]
    assert q4_0.m.view(np.float16)[0, 0] == -8 * d
    q8_0 = Quantised.from_bytes("Q8_0", d.tobytes() + np.arange(-16, 16, dtype=np.int8).tobytes(), 1, 32)
    assert q8_0.q[0].tolist() == list(range(112, 144))
    assert q8_0.m.view(np.float16)[0, 0] == -128 * d
    q4_1 = Quantised.from_bytes("Q4_1", d.tobytes() + np.float16(-3).tobytes() + bytes(16), 1, 32)
    assert q4_1.dequantised()[0].tolist() == [-3.0] * 32
    q6_k = Quantised.from_bytes("Q6_K", bytes(192) + np.arange(-8, 8, dtype=np.int8).tobytes() + d.tobytes(), 1, 256)
    assert q6_k.s[0].tolist() == q6_k.n[0].tolist() == list(range(-8, 8))
    assert q6_k.m.view(np.float16)[0, 0] == -32 * d
    assert q6_k.dequantised()[0, ::16].tolist() == [-8.0 * s for s in range(-8, 8)]


def test_what_is_converted_is_all_else_that_the_library_dequantises():
    def readable(kind: GGMLQuantizationType) -> bool:
        weights, size = gguf.GGML_QUANT_SIZES[kind]
        dtype = {"F32": np.float32, "F16": np.float16}.get(kind.name, np.uint8)
        try:
            gguf.quants.dequantize(np.zeros(size if weights > 1 else 2, dtype).reshape(1, -1), kind)
        except NotImplementedError:
            return False
        return True

    assert {kind.name for kind in GGMLQuantizationType if readable(kind)} == {*GGUF_KINDS, *CONVERTED}


@pytest.mark.parametrize(
    ("kind", "error"), [("Q2_K", 0.4), ("Q3_K", 0.2), ("Q4_K", 0.1), ("Q5_K", 0.05), ("Q6_K", 0.025)]
)
def test_quantising_to_a_k_kind(kind, error):
    """The weights come near, every code is used, and integers of both signs where the kind has them."""
    weights = np.random.default_rng(5).normal(0, 0.05, (48, 512)).astype(np.float32)
    matrix = k_quants.quantise(weights, kind)
    lost = matrix.dequantised() - weights
    assert np.sqrt(np.mean(lost**2)) < error * weights.std()
    assert set(np.unique(matrix.q)) == set(range(1 << KINDS[kind].bits))
    assert (matrix.s.min() < 0) == (kind in ("Q3_K", "Q6_K"))
    again = Quantised.from_bytes(kind, matrix.to_bytes(), *weights.shape)
    assert all(np.array_equal(getattr(again, part), getattr(matrix, part)) for part in "qdmsn")
    assert not k_quants.quantise(np.zeros((2, 256), np.float32), kind).dequantised().any()
