# SPDX-License-Identifier: Apache-2.0
"""The two orders of a head's rows in q and k: RoPE turns neighbours in GGUF, a row of each half in transformers."""

import numpy as np


def interleaved(rows: np.ndarray, head_dim: int) -> np.ndarray:
    """Whole heads of ``head_dim`` rows [outputs, ...], from transformers' order into GGUF's."""
    return rows.reshape(-1, 2, head_dim // 2, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)


def halved(rows: np.ndarray, head_dim: int) -> np.ndarray:
    """Whole heads of ``head_dim`` rows [outputs, ...], from GGUF's order into transformers'."""
    return rows.reshape(-1, head_dim // 2, 2, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)
