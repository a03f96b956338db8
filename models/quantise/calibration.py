# SPDX-License-Identifier: Apache-2.0
"""Calibration: what enters each matrix while the float reference reads texts, layer by layer."""

from collections.abc import Iterator, Sequence

import numpy as np

from models.checkpoint.checkpoint import EMBEDDING, PARTS, Checkpoint
from models.reference import Reference

FIRST = {parts[0]: array for array, parts in PARTS.items()}  # all tensors of an array have the same inputs


class Calibration(Reference):
    """The float reference over windows of tokens that pass a layer all together, before the next one begins."""

    def __init__(self, ckpt: Checkpoint, windows: Sequence[Sequence[int]]) -> None:
        super().__init__(ckpt)
        self._windows = windows
        self._grams: dict[str, np.ndarray] | None = None  # of the layer that is being looked at

    def grams(self) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
        """Every layer and the Gram matrices X^T X, [in, in], of its arrays' inputs; last ``embed`` and ``head``.

        Whoever takes them may change ``weights`` of the layer: what comes next is computed with those.
        """
        hidden = [self.weights[EMBEDDING][np.asarray(window)] for window in self._windows]
        caches = self._cache(max(map(len, self._windows)))
        for layer, cache in enumerate(caches):
            self._grams = found = {}
            for x in hidden:
                self._layer(layer, x, cache, 0)
            self._grams = None
            yield layer, found
            hidden = [self._layer(layer, x, cache, 0) for x in hidden]
        head = sum(x.T @ x for x in (self._norm(x, "output_norm") for x in hidden))
        yield len(caches), {"embed": np.eye(self.shape.d_model), "head": head}  # of the embedding one input is on

    def _linear(self, x: np.ndarray, name: str) -> np.ndarray:
        if self._grams is not None:
            if array := FIRST.get(name.split(".")[-1]):
                self._grams[array] = self._grams.get(array, 0) + x.T @ x
        return super()._linear(x, name)
