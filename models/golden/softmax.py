# SPDX-License-Identifier: Apache-2.0
"""Base-2 softmax in one pass: what is summed is weighed against a frame that moves with the largest score so far."""

import itertools
from collections.abc import Callable, Sequence

import numpy as np

from models.die.shape import OCTET
from models.golden.divider import divider
from models.golden.exp2 import FRACTION

UNSEEN = -(1 << 15)  # far below every octave that a score reaches


def octaves(scores: np.ndarray) -> np.ndarray:
    """Scores of 12 fraction bits -> the octaves that they reach: the least integers that are no smaller."""
    return -(-scores >> 12)


def frames(reach: np.ndarray) -> np.ndarray:
    """Octaves [..., n], ``UNSEEN`` where a position counts for nothing -> the largest up to the end of each octet,
    [..., octets]. The first octet needs a position that counts."""
    n = reach.shape[-1]
    padding = [(0, 0)] * (reach.ndim - 1) + [(0, -n % OCTET)]
    largest = np.pad(reach, padding, constant_values=UNSEEN).reshape(*reach.shape[:-1], -1, OCTET).max(axis=-1)
    return np.maximum.accumulate(largest, axis=-1)


def weights(scores: np.ndarray, below: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Scores [..., n], and how many octaves what each reaches is below its frame -> weights, 20 fraction bits."""
    # Of what is 31 octaves below nothing is left of 21 bits, nor of what counts for nothing.
    most = FRACTION[-scores & 4095] << 4
    return [most >> np.minimum(octaves_below, 31) for octaves_below in below]


def below(reach: np.ndarray, frame: np.ndarray) -> np.ndarray:
    """Octaves [..., n] below the frames of their octets, [..., octets]."""
    return np.repeat(frame, OCTET, axis=-1)[..., : reach.shape[-1]] - reach


def framed(part: Callable[[slice], np.ndarray], frame: np.ndarray) -> np.ndarray:
    """The sum of all parts, moved down (floor) whenever its frame grows, [..., k].

    Args:
        part: the sum over a slice of positions, float64 [..., k] of integers.
        frame: of each octet [..., octets].
    """
    growth = np.diff(frame, axis=-1, prepend=frame[..., :1])
    grows = growth.any(axis=tuple(range(growth.ndim - 1)))
    starts = [0, *np.flatnonzero(grows).tolist(), len(grows)]
    total = part(slice(0, starts[1] * OCTET))
    for start, end in itertools.pairwise(starts[1:]):
        moves = np.nonzero(growth[..., start])
        places = np.minimum(growth[..., start][moves], 63)  # what is left then is 0 or -1
        total[moves] = np.floor(np.ldexp(total[moves], -places[:, None]))
        total += part(slice(start * OCTET, end * OCTET))  # far below 2^53: exact
    return total


def reciprocal(total: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Denominators of at least 2^19 -> (R of 16 bits, b): R * 2^-(15 + b) is one over such a sum."""
    b = np.frexp(total - 1)[1].astype(np.int64)
    return divider(np.floor(np.ldexp(total - 1, 20 - b)).astype(np.int64) + 1), b
