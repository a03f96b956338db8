# SPDX-License-Identifier: Apache-2.0
"""Public models of Llama's decoder, by the dimensions of their published configurations: which of them fit a die."""

import pytest

from models.checkpoint import padding
from models.die.shape import Die, Shape, check_fits
from models.errors import InputError
from models.project import ROOT

PAGE = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
# Name in docs/models.md: layers, width, heads, heads of keys and values, their size, FFN width, vocabulary.
FIT = {
    "SmolLM2 135M": (30, 576, 9, 3, 64, 1536, 49152),
    "SmolLM2 360M": (32, 960, 15, 5, 64, 2560, 49152),
    "SmolLM2 1.7B": (24, 2048, 32, 32, 64, 8192, 49152),
    "TinyLlama 1.1B": (22, 2048, 32, 4, 64, 5632, 32000),
    "Llama 2 7B": (32, 4096, 32, 32, 128, 11008, 32000),
    "Llama 2 13B": (40, 5120, 40, 40, 128, 13824, 32000),
    "Llama 3 8B": (32, 4096, 32, 8, 128, 14336, 128256),
    "Llama 3.1 8B": (32, 4096, 32, 8, 128, 14336, 128256),
    "Llama 3.1 70B": (80, 8192, 64, 8, 128, 28672, 128256),
    "Llama 3.2 1B": (16, 2048, 32, 8, 64, 8192, 128256),
    "Llama 3.2 3B": (28, 3072, 24, 8, 128, 8192, 128256),
    "Mistral 7B": (32, 4096, 32, 8, 128, 14336, 32768),
    "Mistral Nemo 12B": (40, 5120, 32, 8, 128, 14336, 131072),
    "Yi 6B": (32, 4096, 32, 4, 128, 11008, 64000),
    "Yi 34B": (60, 7168, 56, 8, 128, 20480, 64000),
    "DeepSeek LLM 7B": (30, 4096, 32, 32, 128, 11008, 102400),
    "DeepSeek Coder 1.3B": (24, 2048, 16, 16, 128, 5504, 32256),
    "DeepSeek Coder 6.7B": (32, 4096, 32, 32, 128, 11008, 32256),
    "Falcon 3 1B": (18, 2048, 8, 4, 256, 8192, 131072),
    "Falcon 3 10B": (40, 3072, 12, 4, 256, 23040, 131072),
    "OpenLLaMA 3B": (26, 3200, 32, 32, 100, 8640, 32000),
}
TOO_LARGE = {"Llama 3.1 405B": ((126, 16384, 128, 8, 128, 53248, 128256), "d_model 16384 is over 8192")}


def shape(layers, d_model, heads, kv_heads, head_dim, d_ffn, vocab) -> Shape:
    """On a die, of which only what is checked matters."""
    return padding.widened(Shape(layers, d_model, heads, kv_heads, head_dim, d_ffn, vocab, 1e-5, 10000.0, head_dim))


@pytest.mark.parametrize("name", FIT)
def test_a_model_fits(name):
    check_fits(shape(*FIT[name]), Die(rank=64), name)
    assert f"| {name} |" in PAGE


@pytest.mark.parametrize("name", TOO_LARGE)
def test_a_model_is_too_large(name):
    size, what = TOO_LARGE[name]
    with pytest.raises(InputError, match=what):
        check_fits(shape(*size), Die(), name)
    assert f"| {name} |" in PAGE
