# SPDX-License-Identifier: Apache-2.0
"""GPTQ: one matrix to weights of 3 or 6 bits, with error feedback.

Frantar, Ashkboos, Hoefler and Alistarh 2022 (arXiv:2210.17323): inputs are quantised one after another, and what each
loses is made good by those that follow, as the inverse of the inputs' Gram matrix tells. Groups are taken in falling
order of their inputs' energy. A group's d and m are chosen when its turn comes: a search over shrunken ranges, then
least squares over the codes (3 bits), every input weighted by what an error of it costs.
"""

import numpy as np

from models.checkpoint.checkpoint import D_LIMIT, M_LIMIT, WIDTHS
from models.checkpoint.quantised import Quantised
from models.die.shape import GROUP
from models.errors import InputError

DAMPING = 0.03  # of the Gram matrix's mean diagonal, added to it: what the text does not show may still come
SHRINK = np.linspace(1, 0.6, 9, dtype=np.float32)  # ranges tried, of a group's own
REFINE = 3  # rounds of least squares
SMALLEST = np.float32(2**-24)  # binary16 above 0
LARGEST_D, LARGEST_M = (
    np.nextafter(np.float16(limit), np.float16(0)).astype(np.float32) for limit in (D_LIMIT, M_LIMIT)
)


def quantise(weights: np.ndarray, gram: np.ndarray, bits: int) -> Quantised:
    """Weights float32 [out, in] for inputs of Gram matrix ``gram`` = X^T X [in, in] -> W3 or W6.

    The identity as ``gram`` means rounding to nearest. InputError for another width. The last bits of BLAS differ
    between machines, and so may some codes.
    """
    if bits not in WIDTHS:
        hint = f"ask for {' or '.join(map(str, WIDTHS))}"
        raise InputError(f"weights of {bits} bits have no place in a die", "width", hint)
    out, inputs = weights.shape
    groups, top = inputs // GROUP, np.float32((1 << bits) - 1)
    order = np.argsort(-np.diag(gram).reshape(groups, GROUP).sum(axis=1), kind="stable")
    inputs_in_order = (order[:, None] * GROUP + np.arange(GROUP)).ravel()
    feedback = _feedback(gram[np.ix_(inputs_in_order, inputs_in_order)])
    left = np.ascontiguousarray(weights.T[inputs_in_order])  # [in, out]: the weights still to reach
    q = np.empty((groups, GROUP, out), dtype=np.uint8)
    d, m = np.empty((2, groups, out), dtype=np.float32)
    for turn, group in enumerate(order):
        rows = slice(turn * GROUP, (turn + 1) * GROUP)
        w, share = left[rows], feedback[rows, rows]
        d[group], m[group] = scales = (_affine if bits == 3 else _symmetric)(w, np.diag(share) ** -2, top)
        errors = np.empty_like(w)
        for i in range(GROUP):
            codes = _codes(w[i], *scales, top)
            errors[i] = (w[i] - (codes * d[group] + m[group])) / share[i, i]
            w[i + 1 :] -= share[i, i + 1 :, None] * errors[i]
            q[group, i] = codes
        left[rows.stop :] -= feedback[rows, rows.stop :].T @ errors
    words = (np.ascontiguousarray(scale.T).astype("<f2").view("<u2") for scale in (d, m))
    return Quantised(WIDTHS[bits], np.ascontiguousarray(q.reshape(inputs, out).T), *words)


def _feedback(gram: np.ndarray) -> np.ndarray:
    """The upper Cholesky factor of the damped Gram matrix's inverse, float32."""
    gram = gram.astype(np.float64)
    energy = np.trace(gram) / len(gram) or 1.0
    inverse = np.linalg.inv(gram + DAMPING * energy * np.eye(len(gram)))
    return np.linalg.cholesky(inverse).T.astype(np.float32)


def _codes(w: np.ndarray, d: np.ndarray, m: np.ndarray, top: np.float32) -> np.ndarray:
    """Nearest codes of 0..top, as floats."""
    return np.clip(np.rint((w - m) / d), 0, top)


class _Best:
    """The scales of least weighted squared error for the groups w [32, n], of those tried."""

    def __init__(self, w: np.ndarray, cost: np.ndarray, top: np.float32) -> None:
        self.w, self.cost, self.top = w, (cost / cost.mean()).astype(np.float32)[:, None], top
        self.error = np.full(w.shape[1], np.inf, dtype=np.float32)
        self.d, self.m = np.ones((2, w.shape[1]), dtype=np.float32)

    def codes(self) -> np.ndarray:
        return _codes(self.w, self.d, self.m, self.top)

    def attempt(self, d: np.ndarray, m: np.ndarray) -> None:
        """Keep d and m [n], binary16 values, wherever they do better."""
        error = (self.cost * (_codes(self.w, d, m, self.top) * d + m - self.w) ** 2).sum(axis=0)
        better = error < self.error
        self.error, self.d, self.m = (
            np.where(better, new, old) for new, old in ((error, self.error), (d, self.d), (m, self.m))
        )


def _scale(values: np.ndarray) -> np.ndarray:
    """The nearest d that a die holds: a binary16 above 0, as float32."""
    return np.clip(values, SMALLEST, LARGEST_D).astype(np.float16).astype(np.float32)


def _offset(values: np.ndarray) -> np.ndarray:
    """The nearest m that a die holds: a binary16, as float32."""
    return np.clip(values, -LARGEST_M, LARGEST_M).astype(np.float16).astype(np.float32)


def _symmetric(w: np.ndarray, cost: np.ndarray, top: np.float32) -> tuple[np.ndarray, np.ndarray]:
    """Scales d [n], m = -d * (top + 1) / 2 of the groups w [32, n] whose errors have these costs [32]."""
    best, zero = _Best(w, cost, top), (top + 1) / 2
    reach = np.maximum(w.max(axis=0) / (top - zero), w.min(axis=0) / -zero)
    for part in SHRINK:
        d = _scale(part * reach)
        best.attempt(d, -zero * d)
    return best.d, best.m


def _affine(w: np.ndarray, cost: np.ndarray, top: np.float32) -> tuple[np.ndarray, np.ndarray]:
    """Scales d, m [n] of the groups w [32, n] whose errors have these costs [32]."""
    best = _Best(w, cost, top)
    low, high = w.min(axis=0), w.max(axis=0)
    for part in SHRINK:
        rim = (1 - part) / 2 * (high - low)
        best.attempt(_scale((high - low - 2 * rim) / top), _offset(low + rim))
    c = best.cost
    for _ in range(REFINE):
        q = best.codes()
        mean_q, mean_w = ((c * values).sum(axis=0) / c.sum() for values in (q, w))
        spread = (c * (q - mean_q) ** 2).sum(axis=0)
        d = _scale((c * (q - mean_q) * (w - mean_w)).sum(axis=0) / np.maximum(spread, SMALLEST))
        best.attempt(d, _offset(mean_w - d * mean_q))
    return best.d, best.m
