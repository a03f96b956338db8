# SPDX-License-Identifier: Apache-2.0
"""Random blocks of GGUF's kinds of few bits, which the gguf library reads and does not quantise to.

Every bit pattern of their codes is one that a file may have; a block's scale makes its weights as large as is asked.
"""

import gguf
import numpy as np
from gguf import GGMLQuantizationType

KINDS = ("IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ3_XXS", "IQ3_S", "IQ4_NL", "IQ4_XS", "NVFP4")


def blocks(kind: str, out: int, inputs: int, deviation: float, draws: np.random.Generator) -> np.ndarray:
    """A matrix of one of KINDS whose weights have about this standard deviation: uint8 [out, bytes]."""
    number = GGMLQuantizationType[kind]
    weights, size = gguf.GGML_QUANT_SIZES[number]
    raw = draws.integers(0, 256, (out * inputs // weights, size), dtype=np.uint8)
    _scale(kind, raw, np.ones(len(raw)))
    unit = gguf.quants.dequantize(raw, number).std()
    _scale(kind, raw, deviation / unit * draws.uniform(0.5, 1.5, len(raw)))
    return raw.reshape(out, -1)


def _scale(kind: str, raw: np.ndarray, scales: np.ndarray) -> None:
    """Give every block of ``raw`` its scale, as near as the kind has one."""
    words = scales.astype("<f2").view(np.uint16)
    if kind == "NVFP4":  # four of them, of 4 bits of exponent and 3 of mantissa
        raw[:, :4] = np.clip(np.rint(8 * (np.log2(scales) + 7)), 1, 0x7E).astype(np.uint8)[:, None]
    elif kind == "IQ1_M":  # a nibble in the highest bits of each of the last four words
        raw[:, -7::2] = raw[:, -7::2] & 0x0F | (words[:, None] >> np.arange(0, 16, 4) & 0x0F) << 4
    else:
        raw[:, :2] = words[:, None].view(np.uint8)
