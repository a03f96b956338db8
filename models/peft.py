"""Adapter folders of the PEFT library."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class LowRank:
    """What an adapter adds to a matrix: ``b @ a``, ``a`` float32 [rank, in], ``b`` float32 [out, rank], alpha in it."""

    a: np.ndarray
    b: np.ndarray
