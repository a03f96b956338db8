# SPDX-License-Identifier: Apache-2.0
"""RMSNorm over a vector of FX values (Zhang and Sennrich, "Root Mean Square Layer Normalization", 2019)."""

import numpy as np

from models.golden.fixed_point import quantise, rsr, sat32
from models.golden.rsqrt import rsqrt


class RmsNorm:
    """A norm with the binary32 ``gains`` [n] and the (NEPS, SQN, SQE) of ``models.die.shape.norm_constants``."""

    def __init__(self, gains: np.ndarray, constants: tuple[int, int, int]) -> None:
        words = np.asarray(gains, dtype=np.float32).view(np.uint32).astype(np.int64)
        exponent = words >> 23 & 255
        assert exponent.max() <= 134, "gains of a die: |g| < 256"
        significand = np.where(exponent == 0, 0, words & 0x7FFFFF | 1 << 23)
        self.significand = np.where(words >> 31, -significand, significand)
        self.shift = np.minimum(62, 154 - exponent)
        self.constants = constants

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """FX [tokens, n] -> FX [tokens, n]."""
        neps, sqn, sqe = self.constants
        mantissas, shift = quantise(x, 16)
        u = np.maximum(1, np.square(mantissas).sum(axis=-1) + (neps >> 2 * shift))
        r, k = np.array([rsqrt(int(v)) for v in u], dtype=np.int64).T
        a = rsr(r * sqn, 15)
        z = rsr(x * a[:, None], (21 + shift - k - sqe)[:, None])
        return sat32(rsr(z * self.significand, self.shift))
