# SPDX-License-Identifier: Apache-2.0
"""Low-rank adapters as a die holds them: int8 codes with two scales a module, and the words of the SRAM banks.

docs/formats.md ("Adapters") says what the codes mean and where they lie. Modules are named as the checkpoint's tensors,
without ``.weight``: ``blk.3.attn_q``.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.checkpoint import peft
from models.checkpoint.checkpoint import PARTS
from models.die.shape import Die, Shape
from models.errors import InputError

CODE = 127  # the largest that quantisation gives; a die takes -128 too
SMALLEST = 2.0**-24  # binary16 above 0
COARSE = 0.03  # relative RMS error of codes above which it is said: usual values lose 0.01
ONE = 0x3C00  # the binary16 word of the first scale that a die does not hold


@dataclass(frozen=True, eq=False)
class Codes:
    """One module: ``a`` int8 [rank, in], ``b`` int8 [out, rank]; their scales as binary16 words (uint16)."""

    a: np.ndarray
    b: np.ndarray
    a_scale: np.uint16
    b_scale: np.uint16

    @classmethod
    def of(cls, a: np.ndarray, b: np.ndarray, rank: int) -> "Codes":
        """Quantise float ``a`` [r, in] and ``b`` [out, r], padded with zeros to ``rank`` >= r. OverflowError if a scale
        is too large for a die.
        """
        pad = (0, rank - len(a))
        a, b = _balanced(a, b)
        qa, a_scale = _codes(np.pad(a, (pad, (0, 0))))
        qb, b_scale = _codes(np.pad(b, ((0, 0), pad)))
        return cls(qa, qb, a_scale, b_scale)

    def loss(self, a: np.ndarray, b: np.ndarray) -> float:
        """How far A and B are from the float ones that these are codes of: the larger relative RMS error."""
        of_a, of_b = self.values()
        rank = len(a)
        of_a, of_b = self.values()
        pairs = zip(_balanced(a, b), (of_a[:rank], of_b[:, :rank]), strict=True)
        return max(float(np.linalg.norm(x - y) / (np.linalg.norm(x) or 1)) for x, y in pairs)

    def values(self) -> tuple[np.ndarray, np.ndarray]:
        """A [rank, in] and B [out, rank] that the codes stand for, float32."""
        scales = (np.uint16(word).view(np.float16).astype(np.float32) for word in (self.a_scale, self.b_scale))
        return tuple(codes * scale for codes, scale in zip((self.a, self.b), scales, strict=True))


@dataclass(frozen=True, eq=False)
class Adapter:
    """An adapter for a die: the codes of the modules that it changes, of the die's rank."""

    shape: Shape
    die: Die
    modules: dict[str, Codes]
    caution: str = ""  # what to know before one uses it: codes that are coarse

    @classmethod
    def of(cls, floats: Mapping[str, peft.LowRank], shape: Shape, die: Die, where: str) -> "Adapter":
        """Quantise a float adapter, named ``where`` in errors. InputError if the die cannot hold it."""
        _check_die(die, where)
        sizes, modules, coarse = module_sizes(shape), {}, {}
        for name, module in floats.items():
            if name not in sizes:
                raise InputError(f"the die has no module {name}", where, "use an adapter of this model")
            rank, found = len(module.a), (len(module.b), module.a.shape[1])
            if rank > die.rank:
                what = f"the adapter of {name} has rank {rank}, the die {die.rank}"
                raise InputError(what, where, f"use an adapter of lower rank, or a die of RANK={rank}")
            if found != sizes[name]:
                what = f"the adapter of {name} is for a matrix of {found}, the die's is {sizes[name]} (outputs, inputs)"
                raise InputError(what, where, "use an adapter of this model")
            try:
                modules[name] = Codes.of(module.a, module.b, die.rank)
            except OverflowError:
                what = f"the adapter of {name} needs a scale that a die cannot hold (1 or more)"
                raise InputError(what, where, "use a weaker adapter") from None
            coarse[name] = modules[name].loss(module.a, module.b)
        worst = max(coarse, key=coarse.get, default=None)
        caution = ""
        if worst and coarse[worst] > COARSE:
            count = sum(loss > COARSE for loss in coarse.values())
            caution = f"{where}: single large values make {count} of {len(modules)} modules coarse"
            caution += f", {worst} most: {100 * coarse[worst]:.0f} % off"
        return cls(shape, die, modules, caution)

    @classmethod
    def load(cls, path: str | os.PathLike, shape: Shape, die: Die) -> "Adapter":
        """A PEFT folder, quantised, or codes that ``save`` wrote. InputError for others, or if the die is too small."""
        path = Path(path)
        if path.is_dir():
            return cls.of(peft.read(path, shape), shape, die, str(path))
        _check_die(die, str(path))
        stored = _stored(path)
        names = [key.removesuffix(".scales") for key in stored if key.endswith(".scales")]
        try:
            modules = {
                name: Codes(stored[f"{name}.a"], stored[f"{name}.b"], *stored[f"{name}.scales"]) for name in names
            }
        except (KeyError, TypeError):
            raise _no_adapter(path) from None
        sizes = module_sizes(shape)
        for name, codes in modules.items():
            out, inputs = sizes.get(name, (0, 0))
            if codes.a.shape != (die.rank, inputs) or codes.b.shape != (out, die.rank):
                raise InputError(f"{name} is of another die", str(path), "quantise the adapter for this one")
            scales = (codes.a_scale, codes.b_scale)
            words = all(isinstance(scale, np.uint16) for scale in scales)
            if {codes.a.dtype, codes.b.dtype} != {np.dtype(np.int8)} or not words or max(scales) >= ONE:
                raise InputError(f"{name} has no codes and scales of a die", str(path), "quantise the adapter anew")
        return cls(shape, die, modules)

    def save(self, path: str | os.PathLike) -> Path:
        """Write the codes as they are, an npz file; gives the path."""
        arrays = {}
        for name, codes in self.modules.items():
            scales = np.array([codes.a_scale, codes.b_scale], dtype=np.uint16)
            arrays |= {f"{name}.a": codes.a, f"{name}.b": codes.b, f"{name}.scales": scales}
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            np.savez(file, **arrays)
        return path

    def layer(self, index: int) -> dict[str, Codes]:
        """Codes of a layer's modules by part (``attn_q``)."""
        prefix = f"blk.{index}."
        return {name.removeprefix(prefix): codes for name, codes in self.modules.items() if name.startswith(prefix)}

    def arrays(self, index: int) -> set[str]:
        """The arrays of a layer that it changes: those with a scale of B that is not 0."""
        parts = {part for part, codes in self.layer(index).items() if codes.b_scale}
        return {array for array in PARTS if not parts.isdisjoint(PARTS[array])}

    def words(self, layer: int, array: str) -> np.ndarray:
        """The SRAM bank of an array in a layer, uint8 [words, rank * lanes].

        The words are A of each of its modules, B, and the scales: docs/formats.md ("Adapters").
        """
        rank, lanes = self.die.rank, self.die.lanes
        found, sizes = self.layer(layer), module_sizes(self.shape)
        a, b, scales = [], [], np.zeros(rank * lanes // 4, dtype="<u4")
        for m, part in enumerate(PARTS[array]):
            out, inputs = sizes[f"blk.{layer}.{part}"]
            codes = found.get(part) or Codes.of(np.zeros((rank, inputs)), np.zeros((out, rank)), rank)
            a.append(codes.a.reshape(rank, -1, lanes).transpose(1, 0, 2))
            b.append(codes.b.reshape(-1, lanes, rank).transpose(0, 2, 1))
            scales[m] = int(codes.a_scale) | int(codes.b_scale) << 16
        if array == "gateup":  # beat by beat in turn
            b = [np.stack(b, axis=1).reshape(-1, rank, lanes)]
        rows = np.concatenate([*a, *b]).view(np.uint8).reshape(-1, rank * lanes)
        return np.concatenate([rows, scales.view(np.uint8)[None]])


def module_sizes(shape: Shape) -> dict[str, tuple[int, int]]:
    """(outputs, inputs) of every module that an adapter may change, by name."""
    return {
        f"blk.{layer}.{part}": (out, shape.matrix_size(array)[0])
        for layer in range(shape.layers)
        for array, parts in PARTS.items()
        for part, out in zip(parts, shape.modules(array), strict=True)
    }


def rank_for(paths: Sequence[str | os.PathLike], shape: Shape) -> int:
    """The rank of a die for these adapters, 0 for none. InputError as ``peft.read``."""
    ranks = [0]
    for path in map(Path, paths):
        if path.is_dir():
            ranks += [len(module.a) for module in peft.read(path, shape).values()]
        else:
            ranks += [len(codes) for name, codes in _stored(path).items() if name.endswith(".a") and codes.ndim]
    return max(ranks)


def _stored(path: Path) -> dict[str, np.ndarray]:
    """The arrays of an npz file."""
    try:
        with path.open("rb") as raw, np.load(raw) as file:
            return {name: np.asarray(file[name]) for name in file}  # what is no array there comes as bytes
    except Exception:  # a damaged archive fails in any way
        raise _no_adapter(path) from None


def _no_adapter(path: Path) -> InputError:
    return InputError("no adapter here", str(path), "name a PEFT folder or a file of codes")


def _check_die(die: Die, where: str) -> None:
    if not die.rank:
        raise InputError("the die has no adapters", where, "use a die of rank 1 or more")


def _balanced(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A and B of the same product that take codes better.

    It stays the same if a row of A is divided by what its column of B is multiplied with. So the rows get one largest
    element, that each may use all codes, and the longest gets length 1, that A's outputs are about as large as its
    inputs.
    """
    reach = np.abs(a).max(axis=1)
    reach = np.where(reach > 0, reach, 1)
    with np.errstate(over="ignore", invalid="ignore"):  # no die has a scale for what is beyond float32
        reach *= np.linalg.norm(a / reach[:, None], axis=1).max() or 1
        return a / reach[:, None], b * reach


def _codes(values: np.ndarray) -> tuple[np.ndarray, np.uint16]:
    """int8 codes and the binary16 word of their scale, 0 for values that are all 0. OverflowError for a scale >= 1."""
    largest = np.abs(values).max()
    if not largest:
        return np.zeros(values.shape, dtype=np.int8), np.uint16(0)
    with np.errstate(over="ignore"):
        scale = np.float16(max(largest / CODE, SMALLEST))
    if not scale < 1:
        raise OverflowError
    codes = np.clip(np.rint(values / np.float64(scale)), -CODE, CODE)
    return codes.astype(np.int8), scale.view(np.uint16)
