# SPDX-License-Identifier: Apache-2.0
"""Random mask images for single modules, in the layout of docs/masks.md, and what is in them for the golden model."""

from pathlib import Path

import numpy as np

from models.die.shape import GROUP
from models.mask.image import Image, Kind


def write(folder: Path, array: str, instance: int, kind: Kind, words: np.ndarray) -> None:
    """Write the image of a kind for one instance of an array, norm or table: unsigned 32-bit words."""
    Image(array, instance, kind, words).write(folder)


def random_halves(rng: np.random.Generator, size: tuple[int, ...], limit: int) -> np.ndarray:
    """binary16 words of any sign and magnitude below 2^limit, zeros, subnormals and the ends among them: uint16."""
    top = (15 + limit) << 10  # the first word that is too large
    corners = [0, 1, 0x3FF, 0x400, top - 1]
    words = np.where(rng.random(size) < 0.2, rng.choice(corners, size), rng.integers(0, top, size))
    words |= rng.integers(0, 2, size) << 15
    first = [corner | sign for corner in corners for sign in (0, 1 << 15)]  # whatever the seed
    words.flat[: len(first)] = first[: words.size]
    return words.astype(np.uint16)


def scale_words(d: np.ndarray, m: np.ndarray) -> np.ndarray:
    """Scales ``{m, d}``."""
    return m.astype(np.int64) << 16 | d


def random_integers(rng: np.random.Generator, size: tuple[int, ...]) -> np.ndarray:
    """Integers of spans, both ends, zero and their neighbours among them whatever the seed: int8."""
    values = rng.integers(-128, 128, size)
    first = [-128, 127, 0, 1, -1, -32, 63]
    values.flat[: len(first)] = first[: values.size]
    return values.astype(np.int8)


def scaling(rng: np.random.Generator, out: int, inputs: int, span: int, superblock: int) -> dict[str, np.ndarray]:
    """Random scales of ``out`` rows of a tensor: d and m, and where there are super-blocks s and n, by name."""
    pairs = out, inputs // (superblock or GROUP)
    found = {"d": random_halves(rng, pairs, 0), "m": random_halves(rng, pairs, 7)}
    return found | ({name: random_integers(rng, (out, inputs // span)) for name in "sn"} if superblock else {})


def integer_words(s: np.ndarray, n: np.ndarray, inputs: int) -> np.ndarray:
    """Integers of ``out`` rows as words [out, group], a span in 16 bits, the second half of a group above the first."""
    spans = s.view(np.uint8).astype(np.int64) | n.view(np.uint8).astype(np.int64) << 8
    spans = spans.reshape(len(s), inputs // GROUP, -1)
    return (spans << 16 * np.arange(spans.shape[2])).sum(axis=2)


def matrix(
    folder: Path,
    rng: np.random.Generator,
    name: str,
    instance: int,
    rows: int,
    columns: int,
    slices: int,
    bits: int = 4,
    span: int = GROUP,
    superblock: int = 0,
    offset: int = 0,
) -> None:
    """A random matrix as images, and its codes and scales (by models.golden.matrix's names) in case.npz.

    Cells have ``bits`` bits. The first column's codes are all zero and the last one's all ones. With an ``offset`` all
    weights are symmetric: m*n = -offset*d*s.
    """
    top = 1 << bits * slices
    q = rng.integers(0, top, (columns, rows)).astype(np.uint8)
    q[0], q[-1] = 0, top - 1
    scales = scaling(rng, columns, rows, span, superblock)
    if offset:
        scales["m"] = (-offset * scales["d"].view(np.float16)).view(np.uint16)
        scales |= {"n": scales["s"]} if superblock else {}
    cells = np.stack([q.T >> bits * s & (1 << bits) - 1 for s in range(slices)]).astype(np.int64)  # slice, row, column
    digits = cells.reshape(slices, rows, 8, columns // 8)
    write(folder, name, instance, Kind.CELLS, (digits << 4 * np.arange(8)[:, None]).sum(axis=2))
    write(folder, name, instance, Kind.SCALES, scale_words(scales["d"], scales["m"]).T)
    if superblock:
        write(folder, name, instance, Kind.INTEGERS, integer_words(scales["s"], scales["n"], rows).T)
    np.savez(folder / "case.npz", q=q, **scales)


def embedding(
    folder: Path,
    rng: np.random.Generator,
    vocab: int,
    width: int,
    slices: int,
    bits: int = 4,
    span: int = GROUP,
    superblock: int = 0,
) -> None:
    """A random embedding of cells of ``bits`` bits, and its codes and scales in case.npz, as ``matrix`` does it."""
    q = rng.integers(0, 1 << bits * slices, (vocab, width)).astype(np.uint8)
    scales = scaling(rng, vocab, width, span, superblock)
    pieces = [q >> bits * s & (1 << bits) - 1 for s in range(slices)]
    cells = np.stack(pieces, axis=1).astype(np.int64)  # token, slice, dimension
    digits = cells.reshape(vocab, slices, width // 8, 8)
    write(folder, "embed", 0, Kind.CELLS, (digits << 4 * np.arange(8)).sum(axis=3))
    write(folder, "embed", 0, Kind.SCALES, scale_words(scales["d"], scales["m"]))
    if superblock:
        write(folder, "embed", 0, Kind.INTEGERS, integer_words(scales["s"], scales["n"], width))
    np.savez(folder / "case.npz", q=q, **scales)
