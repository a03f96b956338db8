# SPDX-License-Identifier: Apache-2.0
"""GPTQ: one matrix to weights of any kind that a die holds, with error feedback.

Frantar, Ashkboos, Hoefler and Alistarh 2022 (arXiv:2210.17323): inputs are quantised one after another, and what each
loses is made good by those that follow, as the inverse of the inputs' Gram matrix tells. Blocks are taken in falling
order of their inputs' energy. A span's step and offset are chosen when its turn comes: a search over shrunken ranges,
then least squares over the codes (kinds with an offset), every input weighted by what an error of it costs. In a
K-kind they are integers times d and m of the super-block, which follow from what its spans would have when it begins.
"""

from collections.abc import Callable

import numpy as np

from models.checkpoint.checkpoint import D_LIMIT, M_LIMIT
from models.checkpoint.quantised import KINDS, Quantised
from models.die.shape import GROUP
from models.quantise import k_quants

DAMPING = 0.03  # of the Gram matrix's mean diagonal, added to it: what the text does not show may still come
SHRINK = np.linspace(1, 0.6, 9, dtype=np.float32)  # ranges tried, of a group's own
REFINE = 3  # rounds of least squares
SMALLEST = np.float32(2**-24)  # binary16 above 0
LARGEST_D, LARGEST_M = (
    np.nextafter(np.float16(limit), np.float16(0)).astype(np.float32) for limit in (D_LIMIT, M_LIMIT)
)


Snap = Callable[[np.ndarray], np.ndarray]  # the nearest of the steps, or offsets, that a span may have


def quantise(weights: np.ndarray, gram: np.ndarray, kind: str) -> Quantised:
    """Weights float32 [out, in] for inputs of Gram matrix ``gram`` = X^T X [in, in], as one of KINDS.

    The identity as ``gram`` means rounding to nearest. ``in`` is whole blocks of the kind. The last bits of BLAS differ
    between machines, and so may some codes.
    """
    k, (out, inputs) = KINDS[kind], weights.shape
    block = k.superblock or GROUP
    order = np.argsort(-np.diag(gram).reshape(-1, block).sum(axis=1), kind="stable")
    inputs_in_order = (order[:, None] * block + np.arange(block)).ravel()
    feedback = _feedback(gram[np.ix_(inputs_in_order, inputs_in_order)])
    left = np.ascontiguousarray(weights.T[inputs_in_order])  # [in, out]: the weights still to reach
    q = np.empty((inputs // k.span, k.span, out), dtype=np.uint8)
    d, m = np.empty((2, inputs // block, out), dtype=np.float32)
    s, n = np.empty((2, inputs // k.span, out), dtype=np.int8)
    for turn, at in enumerate(order):
        spans = [slice(row, row + k.span) for row in range(turn * block, (turn + 1) * block, k.span)]
        shares = [np.diag(feedback[rows, rows]) for rows in spans]
        steps, offsets = _scale, _offset
        if k.integers:
            ideal = [
                _search(kind, left[rows], share**-2, _any, _any) for rows, share in zip(spans, shares, strict=True)
            ]
            d[at], m[at], steps, offsets = _units(kind, *np.stack(ideal, axis=1))
        for which, (rows, share) in enumerate(zip(spans, shares, strict=True)):
            span = at * len(spans) + which
            step, offset = _search(kind, left[rows], share**-2, steps, offsets)
            if k.integers:
                s[span], n[span] = _integers(step, d[at]), _integers(offset, m[at])
            else:
                d[at], m[at] = step, offset
            q[span] = _codes_with_feedback(left, feedback, rows, step, offset, np.float32((1 << k.bits) - 1))
    words = (np.ascontiguousarray(word.T).astype("<f2").view("<u2") for word in (d, m))
    integers = [np.ascontiguousarray(part.T) for part in (s, n)] if k.integers else []
    return Quantised(kind, np.ascontiguousarray(q.reshape(inputs, out).T), *words, *integers)


def _codes_with_feedback(
    left: np.ndarray, feedback: np.ndarray, rows: slice, step: np.ndarray, offset: np.ndarray, top: np.float32
) -> np.ndarray:
    """Codes uint8 [span, out] of a span, whose errors are taken off the weights that are ``left`` behind it."""
    w, share = left[rows], feedback[rows, rows]
    codes, errors, divisor = np.empty(w.shape, dtype=np.uint8), np.empty_like(w), np.where(step, step, 1)
    for i in range(len(w)):
        code = np.clip(np.rint((w[i] - offset) / divisor), 0, top)
        errors[i] = (w[i] - (code * step + offset)) / share[i, i]
        w[i + 1 :] -= share[i, i + 1 :, None] * errors[i]
        codes[i] = code
    left[rows.stop :] -= feedback[rows, rows.stop :].T @ errors
    return codes


def _feedback(gram: np.ndarray) -> np.ndarray:
    """The upper Cholesky factor of the damped Gram matrix's inverse, float32."""
    gram = gram.astype(np.float64)
    energy = np.trace(gram) / len(gram) or 1.0
    inverse = np.linalg.inv(gram + DAMPING * energy * np.eye(len(gram)))
    return np.linalg.cholesky(inverse).T.astype(np.float32)


def _search(kind: str, w: np.ndarray, cost: np.ndarray, steps: Snap, offsets: Snap) -> tuple[np.ndarray, np.ndarray]:
    """Step and offset [n] of a span's weights w [span, n], whose errors have these costs [span]."""
    k = KINDS[kind]
    best = _Best(w, cost, np.float32((1 << k.bits) - 1))
    if k.zero is None:
        _affine(best, steps, offsets, np.minimum(w.min(axis=0), 0) if k.integers else w.min(axis=0))
    else:
        for sign in (1, -1) if k.bits < 6 else (1,):  # of few codes, the one more below 0 is worth a choice
            _symmetric(best, steps, np.float32(k.zero), sign)
    return best.step, best.offset


class _Best:
    """The step and offset of least weighted squared error for the weights w [span, n], of those tried."""

    def __init__(self, w: np.ndarray, cost: np.ndarray, top: np.float32) -> None:
        self.w, self.cost, self.top = w, (cost / cost.mean()).astype(np.float32)[:, None], top
        self.error = np.full(w.shape[1], np.inf, dtype=np.float32)
        self.step, self.offset = np.ones((2, w.shape[1]), dtype=np.float32)

    def codes(self, step: np.ndarray, offset: np.ndarray) -> np.ndarray:
        """Nearest codes of 0..top, as floats."""
        return np.clip(np.rint((self.w - offset) / np.where(step, step, 1)), 0, self.top)

    def attempt(self, step: np.ndarray, offset: np.ndarray) -> None:
        """Keep steps and offsets [n] wherever they do better."""
        error = (self.cost * (self.codes(step, offset) * step + offset - self.w) ** 2).sum(axis=0)
        better = error < self.error
        self.error, self.step, self.offset = (
            np.where(better, new, old) for new, old in ((error, self.error), (step, self.step), (offset, self.offset))
        )


def _scale(values: np.ndarray) -> np.ndarray:
    """The nearest d that a die holds: a binary16 other than 0, as float32."""
    sizes = np.clip(np.abs(values), SMALLEST, LARGEST_D).astype(np.float16).astype(np.float32)
    return np.where(values < 0, -sizes, sizes)


def _offset(values: np.ndarray) -> np.ndarray:
    """The nearest m that a die holds: a binary16, as float32."""
    return np.clip(values, -LARGEST_M, LARGEST_M).astype(np.float16).astype(np.float32)


def _any(values: np.ndarray) -> np.ndarray:
    return values.astype(np.float32)


def _units(kind: str, step: np.ndarray, offset: np.ndarray) -> tuple[np.ndarray, np.ndarray, Snap, Snap]:
    """d and m [n] of a super-block whose spans would have these steps and offsets [spans, n], and what they allow."""
    k, largest = KINDS[kind], k_quants.LARGEST[kind]

    def unit(values: np.ndarray) -> np.ndarray:
        return k_quants.scaled(values.T, largest)[0].astype(np.float32)

    def multiples(of: np.ndarray, least: int) -> Snap:
        return lambda values: of * np.clip(np.rint(values / np.where(of, of, 1)), least, largest)

    if k.zero is None:
        d, m = unit(step), unit(offset)
        return d, m, multiples(d, 0), multiples(m, 0)
    d = unit(step)
    return d, d * np.float32(-k.zero), multiples(d, -largest), _any


def _integers(values: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """What multiples of a unit are multiples by."""
    return np.rint(values / np.where(unit, unit, 1)).astype(np.int8)


def _symmetric(best: _Best, steps: Snap, zero: np.float32, sign: int) -> None:
    """Try steps of one sign, with offset = -zero * step."""
    w = sign * best.w
    reach = np.maximum(w.max(axis=0) / (best.top - zero), w.min(axis=0) / -zero)
    for part in SHRINK:
        step = steps(sign * part * reach)
        best.attempt(step, -zero * step)


def _affine(best: _Best, steps: Snap, offsets: Snap, low: np.ndarray) -> None:
    """Try ranges from the lowest values [n] on, then what least squares over the codes say."""
    w, c, top, high = best.w, best.cost, best.top, best.w.max(axis=0)
    for part in SHRINK:
        rim = (1 - part) / 2 * (high - low)
        best.attempt(steps((high - low - 2 * rim) / top), offsets(low + rim))
    for _ in range(REFINE):
        q = best.codes(best.step, best.offset)
        mean_q, mean_w = ((c * values).sum(axis=0) / c.sum() for values in (q, w))
        spread = (c * (q - mean_q) ** 2).sum(axis=0)
        step = steps((c * (q - mean_q) * (w - mean_w)).sum(axis=0) / np.maximum(spread, SMALLEST))
        best.attempt(step, offsets(mean_w - step * mean_q))
