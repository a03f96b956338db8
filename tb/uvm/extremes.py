# SPDX-License-Identifier: Apache-2.0
"""Checkpoints whose weights are extreme: every code of every matrix 0, the highest, or both in turn."""

from pathlib import Path

import gguf
import numpy as np
from gguf import GGMLQuantizationType

from models.checkpoint import tiny

PATTERNS = {"lowest": (0x00, 0x00), "highest": (0xFF, 0xFF), "alternating": (0x00, 0xFF)}  # two codes in turn
SCALES = {GGMLQuantizationType.Q4_1: 4, GGMLQuantizationType.Q8_0: 2}  # bytes of a group's scales, before its codes
GROUP_BYTES = {GGMLQuantizationType.Q4_1: 20, GGMLQuantizationType.Q8_0: 34}


def write(path: Path, pattern: str, **shape) -> Path:
    """Write a tiny checkpoint whose codes are those of ``pattern``; its scales and gains stay random."""
    tiny.write(path, **shape)
    reader = gguf.GGUFReader(path, "r+")
    for tensor in reader.tensors:
        if tensor.tensor_type not in SCALES:
            continue
        groups = tensor.data.reshape(-1, GROUP_BYTES[tensor.tensor_type])
        codes = groups[:, SCALES[tensor.tensor_type] :]
        codes[:] = np.resize(np.array(PATTERNS[pattern], dtype=np.uint8), codes.shape[1])
        if tensor.tensor_type == GGMLQuantizationType.Q8_0:
            codes[:] ^= 0x80  # int8 + 128 is the code
        tensor.data.base.flush()
    return path
