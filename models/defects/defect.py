# SPDX-License-Identifier: Apache-2.0
"""What can be wrong with a die's masks at one place, and a draw of such places (docs/faults.md).

A place is said in the checkpoint's words: tensor, output, input. Nothing here knows the golden model, which is told of
a defect by ``models.defects.plant``, or the images of a mask, which ``models.mask.damage`` gives one.
"""

import math
import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np

from models.checkpoint import checkpoint
from models.checkpoint.checkpoint import D_LIMIT, GAIN_LIMIT, M_LIMIT, Checkpoint
from models.checkpoint.quantised import Quantised
from models.die.shape import EMBED, GROUP, MATRICES, Die, Shape

NORMS = ("attn_norm", "ffn_norm", "final_norm")
ROPE = "rope"
CELL, GAIN = "cell", "gain"
WORDS = {"scale bit": ("d", "m"), "integer bit": ("s", "n"), "gain bit": (GAIN,), "angle bit": ("sin", "cos")}
BITS = {"d": 16, "m": 16, "s": 8, "n": 8, GAIN: 32, "sin": 16, "cos": 16}
MISSING, BELOW, ABOVE, FLIPPED = "missing", "below", "above", "flipped"


@dataclass(frozen=True)
class Defect:
    """One wrong via.

    Attributes:
        array: of MATRICES, EMBED, one of NORMS, or ROPE.
        layer: 0 for what the chip has once.
        part: which of the tensors side by side in an array's columns.
        out: output of that tensor; token of the embedding; position of RoPE's table; 0 of a norm.
        word: what it is in: CELL, or one of BITS.
        at: input of a cell; else which word of the output: super-block, span, gain, pair.
        bit: of the word; of a cell its slice.
        what: of a cell's via: MISSING, or on the product line BELOW or ABOVE its own; of a bit: FLIPPED.
    """

    array: str
    layer: int
    part: int
    out: int
    word: str
    at: int
    bit: int
    what: str

    @property
    def kind(self) -> str:
        """Its kind, for figures: one of those of ``population``."""
        if self.word == CELL:
            return "via missing" if self.what == MISSING else "via moved"
        return next(kind for kind, words in WORDS.items() if self.word in words)

    def of(self, value: int) -> int:
        """What it makes of the number that its via, or its word, should be: a product line, or a word's bits."""
        if self.word == CELL:
            return {MISSING: 0, BELOW: value - 1, ABOVE: value + 1}[self.what]  # nothing pulls, which is line 0
        return value ^ 1 << self.bit

    def __str__(self) -> str:
        owner = self.array if self.array in (EMBED, "head", "final_norm", ROPE) else f"layer {self.layer} {self.array}"
        place = f"{owner} part {self.part} output {self.out}"
        if self.word == CELL:
            return f"{place} input {self.at} slice {self.bit}: via {self.what}"
        return f"{place} {self.word} {self.at}: bit {self.bit} flipped"

    def fields(self) -> dict[str, int | str]:
        """As JSON has it."""
        return asdict(self)


def population(shape: Shape, die: Die) -> dict[tuple[str, str], int]:
    """How many defects of each (array, kind) a die can have: two a cell, missing and moved; one a bit of mask 2."""
    sizes = {}
    slices = die.slices | {EMBED: die.embed_slices}
    for array in (EMBED, *MATRICES):
        outs, inputs = _outs(shape, array), _inputs(shape, array)
        weights = sum(outs) * inputs * _layers(shape, array)
        sizes[array, "via missing"] = sizes[array, "via moved"] = weights * slices[array]
        sizes[array, "scale bit"] = weights // (die.superblock[array] or GROUP) * 32
        if die.superblock[array]:
            sizes[array, "integer bit"] = weights // die.span[array] * 16
    for norm in NORMS:
        sizes[norm, "gain bit"] = shape.d_model * _layers(shape, norm) * 32
    sizes[ROPE, "angle bit"] = die.kv_depth * shape.head_dim // 2 * 32
    return sizes


def draw(ckpt: Checkpoint, die: Die, seed: int, count: int) -> list[Defect]:
    """``count`` defects, the same number of each (array, kind) as far as it goes, each place equally likely.

    A draw of more begins with that of fewer.
    """
    strata = [_stratum(ckpt, die, seed, array, kind) for array, kind in population(ckpt.shape, die)]
    return [next(strata[index % len(strata)]) for index in range(count)]


def effect(ckpt: Checkpoint, die: Die, defect: Defect) -> str:
    """'harmless' where the die is the same with it, 'beyond' where its word is none that a die holds, else ''.

    Of what is beyond, docs/formats.md says no value.
    """
    return "" if defect.array == ROPE else _effect(defect, value(ckpt, die, defect))


def effect_on(die: Die, words: Quantised, defect: Defect) -> str:
    """The same, of a defect in the output whose words these are (``row``)."""
    return _effect(defect, _value_in(die, words, defect, 0))


def value(ckpt: Checkpoint, die: Die, defect: Defect) -> int:
    """The product line of a cell, or the bits of a word, as they should be. Not of ROPE, which no checkpoint has."""
    if defect.array in NORMS:
        return int(gains(ckpt, defect).view(np.uint32)[defect.at])
    return _value_in(die, row(ckpt, die, defect), defect, 0)


def change(die: Die, words: Quantised, defect: Defect, out: int = 0) -> None:
    """Give output ``out`` of some, whose words are those of ``row``, a defect, in place."""
    after = defect.of(_value_in(die, words, defect, out))
    if defect.word == CELL:
        low, ones = die.cell_bits * defect.bit, (1 << die.cell_bits) - 1
        words.q[out, defect.at] = int(words.q[out, defect.at]) & ~(ones << low) | after << low
    else:
        changed = getattr(words, defect.word)
        changed.view(f"<u{changed.itemsize}")[out, defect.at] = after


def gains(ckpt: Checkpoint, defect: Defect) -> np.ndarray:
    """The gains of the norm that a defect is in, float32 [d_model]."""
    name = checkpoint.FINAL_NORM if defect.array == "final_norm" else f"blk.{defect.layer}.{defect.array}.weight"
    return ckpt.gains[name]


def row(ckpt: Checkpoint, die: Die, defect: Defect) -> Quantised:
    """The output that a defect is in, with the words that its array has for it: [1, ...] each.

    ``d`` and ``m`` of every super-block of the array; ``s`` and ``n`` of every span, None where it has no integers.
    """
    array = defect.array
    tensor = ckpt.tensors[checkpoint.EMBEDDING] if array == EMBED else ckpt.matrix(array, defect.layer)[defect.part]
    words = tensor.rows(slice(defect.out, defect.out + 1))
    inputs = words.shape[1]
    d, m = (_spread(word, inputs // (die.superblock[array] or GROUP)) for word in (words.d, words.m))
    if not die.superblock[array]:
        return Quantised(words.kind, words.q, d, m)
    ones = np.ones((1, 1), dtype=np.int8)
    s, n = (_spread(ones if word is None else word, inputs // die.span[array]) for word in (words.s, words.n))
    return Quantised(words.kind, words.q, d, m, s, n)


def _value_in(die: Die, words: Quantised, defect: Defect, out: int) -> int:
    if defect.word == CELL:
        return int(words.q[out, defect.at]) >> die.cell_bits * defect.bit & (1 << die.cell_bits) - 1
    return int(getattr(words, defect.word)[out, defect.at]) & (1 << BITS[defect.word]) - 1


def _effect(defect: Defect, before: int) -> str:
    after = defect.of(before)
    if after == before:
        return "harmless"
    return "" if _held(defect.word, after) else "beyond"


def _spread(words: np.ndarray, count: int) -> np.ndarray:
    """Words [1, n] of wider pieces, for ``count`` narrower ones."""
    return np.repeat(words, count // words.shape[1], axis=1)


def _held(word: str, bits: int) -> bool:
    """Whether a die holds this word (docs/formats.md)."""
    if word in ("d", "m"):
        return bool(abs(np.array(bits, dtype=np.uint16).view(np.float16)) < (D_LIMIT if word == "d" else M_LIMIT))
    if word == GAIN:
        return bool(abs(np.array(bits, dtype=np.uint32).view(np.float32)) < GAIN_LIMIT)
    return True


def _layers(shape: Shape, array: str) -> int:
    return 1 if array in ("head", EMBED, "final_norm", ROPE) else shape.layers


def _inputs(shape: Shape, array: str) -> int:
    return shape.d_model if array == EMBED else shape.matrix_size(array)[0]


def _outs(shape: Shape, array: str) -> tuple[int, ...]:
    """Outputs of each tensor of an array; columns of no tensor are none, for nobody reads them."""
    return (shape.vocab,) if array == EMBED else shape.modules(array)


def _stratum(ckpt: Checkpoint, die: Die, seed: int, array: str, kind: str) -> Iterator[Defect]:
    """Endless defects of an array and kind."""
    shape, pick = ckpt.shape, random.Random(f"{seed} {array} {kind}")
    while True:
        layer = pick.randrange(_layers(shape, array))
        if kind in ("gain bit", "angle bit"):
            word = pick.choice(WORDS[kind])
            out, words = (pick.randrange(die.kv_depth), shape.head_dim // 2) if array == ROPE else (0, shape.d_model)
            yield Defect(array, layer, 0, out, word, pick.randrange(words), pick.randrange(BITS[word]), FLIPPED)
            continue
        outs, inputs = _outs(shape, array), _inputs(shape, array)
        out, part = pick.randrange(sum(outs)), 0
        while out >= outs[part]:
            out, part = out - outs[part], part + 1
        if kind in WORDS:
            word = pick.choice(WORDS[kind])
            size = (die.superblock[array] or GROUP) if kind == "scale bit" else die.span[array]
            at, bit = pick.randrange(math.ceil(inputs / size)), pick.randrange(BITS[word])
            yield Defect(array, layer, part, out, word, at, bit, FLIPPED)
            continue
        slices = die.embed_slices if array == EMBED else die.slices[array]
        at, piece = pick.randrange(inputs), pick.randrange(slices)
        missing = Defect(array, layer, part, out, CELL, at, piece, MISSING)
        line, side = value(ckpt, die, missing), pick.choice((BELOW, ABOVE))
        side = {0: ABOVE, (1 << die.cell_bits) - 1: BELOW}.get(line, side)
        yield missing if kind == "via missing" else Defect(array, layer, part, out, CELL, at, piece, side)
