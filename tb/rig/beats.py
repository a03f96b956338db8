# SPDX-License-Identifier: Apache-2.0
"""The arithmetic of streams' beats: values to packed vectors and back, random and extreme values, comparison."""

import random

import numpy as np

from tb.oracle.finding import Finding
from tb.rig.bundles import Tag


def random_tag(slots: int = 256, depth: int = 1 << 16) -> Tag:
    """Any whole tag of a chip with so many slots and positions."""
    noise = Tag.random()
    return Tag(adapter=noise.adapter, gen=noise.gen, slot=random.randrange(slots), pos=random.randrange(depth))


def pack(values: np.ndarray, width: int = 32) -> int:
    """Integers to one packed vector, the first one lowest; each is cut to ``width`` bits, two's complement."""
    if width == 32:
        return int.from_bytes(np.asarray(values).astype("<i8").astype("<u4").tobytes(), "little")
    mask = (1 << width) - 1
    return sum((int(v) & mask) << (i * width) for i, v in enumerate(values))


def unpack(bits: int, count: int, width: int = 32, signed: bool = True) -> np.ndarray:
    """One packed vector to ``count`` integers of ``width`` bits, int64 [count]."""
    sign = 1 << (width - 1) if signed else 0
    mask = (1 << width) - 1
    return np.array([((bits >> (i * width) & mask) ^ sign) - sign for i in range(count)], dtype=np.int64)


def random_fx(count: int, bits: int | None = None) -> np.ndarray:
    """FX values of at most ``bits`` bits, sign included (None: any of 2 to 32), int64 [count]."""
    bits = random.randint(2, 32) if bits is None else bits
    return np.array([random.getrandbits(bits) - (1 << (bits - 1)) for _ in range(count)], dtype=np.int64)


def extreme_fx(count: int) -> list[np.ndarray]:
    """Directed FX vectors: zeros, both ends of the range alone and mixed, ones, a lone spike, powers of two."""
    low, high = -(1 << 31), (1 << 31) - 1
    spike = np.zeros(count, dtype=np.int64)
    spike[count // 2] = low
    steps = np.array([(1 << (i % 32)) - (i % 3) for i in range(count)], dtype=np.int64)
    mixed = np.where(np.arange(count) % 2, low, high)
    flat = [np.full(count, v, dtype=np.int64) for v in (0, 1, -1, low, high)]
    return [*flat, mixed, spike, np.clip(steps, low, high), np.clip(-steps, low, high)]


def check(got: np.ndarray, expected: np.ndarray, where: str, at: float | None = None) -> None:
    """AssertionError that names the first of the values that differ; its finding says when, in simulated ns."""
    wrong = np.flatnonzero(np.asarray(got) != np.asarray(expected))
    if len(wrong):
        i = wrong[0]
        message = f"{where}, value {i}: {got[i]} for {expected[i]} ({len(wrong)} of {len(got)} differ)"
        Finding(message, accepted_ns=at).leave()
        raise AssertionError(message)
