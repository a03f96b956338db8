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


def matrix(
    folder: Path,
    rng: np.random.Generator,
    name: str,
    instance: int,
    rows: int,
    columns: int,
    slices: int,
    bits: int = 4,
) -> None:
    """A random matrix as images, and its codes and scales (q, d, m as models.golden.matrix has them) in case.npz.

    Cells have ``bits`` bits. The first column's codes are all zero and the last one's all ones.
    """
    top = 1 << bits * slices
    q = rng.integers(0, top, (columns, rows)).astype(np.uint8)
    q[0], q[-1] = 0, top - 1
    d = random_halves(rng, (columns, rows // GROUP), 0)
    m = random_halves(rng, (columns, rows // GROUP), 7)
    cells = np.stack([q.T >> bits * s & (1 << bits) - 1 for s in range(slices)]).astype(np.int64)  # slice, row, column
    digits = cells.reshape(slices, rows, 8, columns // 8)
    write(folder, name, instance, Kind.CELLS, (digits << 4 * np.arange(8)[:, None]).sum(axis=2))
    write(folder, name, instance, Kind.SCALES, scale_words(d, m).T)
    np.savez(folder / "case.npz", q=q, d=d, m=m)


def embedding(folder: Path, rng: np.random.Generator, vocab: int, width: int, slices: int, bits: int = 4) -> None:
    """A random embedding of cells of ``bits`` bits, and its codes and scales (q, d, m) in case.npz."""
    q = rng.integers(0, 1 << bits * slices, (vocab, width)).astype(np.uint8)
    d, m = random_halves(rng, (vocab, width // GROUP), 0), random_halves(rng, (vocab, width // GROUP), 7)
    pieces = [q >> bits * s & (1 << bits) - 1 for s in range(slices)]
    cells = np.stack(pieces, axis=1).astype(np.int64)  # token, slice, dimension
    digits = cells.reshape(vocab, slices, width // 8, 8)
    write(folder, "embed", 0, Kind.CELLS, (digits << 4 * np.arange(8)).sum(axis=3))
    write(folder, "embed", 0, Kind.SCALES, scale_words(d, m))
    np.savez(folder / "case.npz", q=q, d=d, m=m)
