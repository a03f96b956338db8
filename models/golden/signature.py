# SPDX-License-Identifier: Apache-2.0
"""Signatures of streams: one word for all beats that went through since reset."""

from collections.abc import Iterable, Mapping

import numpy as np

from models.die.shape import EMBED, MATRICES
from models.golden.chip import Step
from models.golden.stage import CHIP, Stage

Place = tuple[int, str]  # layer and array; CHIP of EMBED and the head
POLYNOMIAL = 0x04C11DB7
STREAMS = {  # of a layer, in dataflow order: the stages of each array's stream
    "qkv": (Stage.Q, Stage.K, Stage.V),
    "o": (Stage.O_PROJ,),
    "gateup": (Stage.GATE, Stage.UP),
    "down": (Stage.DOWN,),
}


def signature(before: int, beats: np.ndarray) -> int:
    """The signature after FX beats [n, lanes] of a stream that had the signature ``before``."""
    words = turned(beats.astype(np.int64).astype(np.uint32), np.arange(beats.shape[1]))
    for word in np.bitwise_xor.reduce(words, axis=1).tolist():
        before = (before << 1 & 0xFFFFFFFF) ^ (POLYNOMIAL if before >> 31 else 0) ^ word
    return before


def turned(words: np.ndarray, lanes: np.ndarray | int) -> np.ndarray:
    """Words uint32 turned left by their lanes."""
    turn = np.asarray(lanes, dtype=np.uint32) % np.uint32(32)
    return words << turn | words >> (np.uint32(32) - turn) % np.uint32(32)


def advanced(words: np.ndarray, beats: int) -> np.ndarray:
    """Words uint32 of a signature after so many beats of zeros: what is left of a difference."""
    for _ in range(beats):
        words = words << np.uint32(1) ^ (words >> np.uint32(31)) * np.uint32(POLYNOMIAL)
    return words


def places(layers: int) -> list[Place]:
    """Where a chip has signatures, in dataflow order."""
    return [(CHIP, EMBED), *((layer, array) for layer in range(layers) for array in STREAMS), (CHIP, MATRICES[-1])]


def signatures(steps: Iterable[Step], before: Mapping[Place, int], lanes: int) -> dict[Place, int]:
    """Every signature of a chip after the tokens of ``steps``, which had those of ``before``; all are 0 after reset."""
    found = dict(before)
    for step in steps:
        for layer, array in found:
            if values := [step.stages[stage, layer] for stage in _stages(array) if (stage, layer) in step.stages]:
                found[layer, array] = signature(found[layer, array], _beats(array, values, lanes))
    return found


def _stages(array: str) -> tuple[Stage, ...]:
    return {EMBED: (Stage.EMBEDDING,), "head": (Stage.LOGITS,)}.get(array) or STREAMS[array]


def _beats(array: str, values: list[np.ndarray], lanes: int) -> np.ndarray:
    """The beats of an array's stream: gate and up take turns; logits are filled up with zeros."""
    if array == "head":
        values = [np.pad(values[0], (0, -len(values[0]) % lanes))]
    parts = [part.reshape(-1, lanes) for part in values]
    return np.stack(parts, axis=1).reshape(-1, lanes) if array == "gateup" else np.concatenate(parts)
