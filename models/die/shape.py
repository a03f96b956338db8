# SPDX-License-Identifier: Apache-2.0
"""The shape of a model and the die that holds it: the only numbers RTL, golden model and etcher share."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from models.errors import InputError

LANES = 32  # FX values a stream beat carries unless the die says otherwise (hdl/cartridge_pkg.sv)
GROUP = 32  # inputs that share an activation exponent, and in a plain array a pair {m, d}
SPANS = (16, 32)  # inputs of a column that share integers s and n
SUPERBLOCKS = (0, 32, 256)  # inputs of a column that share a pair {m, d} in an array that has integers; 0: it has none
CELL_BITS = (3, 4)  # widths of a weight cell
BIT_LINES = (1, 2, 4, 8, 16, 32)
OFFSETS = (0, 4, 8, 16, 32, 128)  # of the codes of symmetric weights; 0: an array's are not, or not all alike
OCTET = 8  # positions whose weights attention holds against one frame
POSITIONS = (1, 2, 4)  # of them that it takes in a clock
SHARES = (1, 2, 4, 8)
MATRICES = ("qkv", "o", "gateup", "down", "head")  # the cell arrays of the chip; the first four once a layer
EMBED = "embed"  # the embedding's table, which has a scaling of its own too


@dataclass(frozen=True)
class Shape:
    """Dimensions of a Llama-family decoder, as its checkpoint states them."""

    layers: int
    d_model: int
    heads: int
    kv_heads: int
    head_dim: int
    d_ffn: int
    vocab: int
    eps: float  # RMSNorm epsilon
    rope_base: float
    rope_dim: int  # dimensions of a head that RoPE turns (interleaved pairs)
    attention_factor: float = 1.0  # on queries and keys, over that of head_dim (YaRN)
    rope_factors: tuple[float, ...] = ()  # a divisor for each pair's frequency (rope_freqs.weight); empty: all 1

    @property
    def d_q(self) -> int:
        """Width of all query heads together."""
        return self.heads * self.head_dim

    @property
    def d_kv(self) -> int:
        """Width of all key (or value) heads together."""
        return self.kv_heads * self.head_dim

    def matrix_size(self, name: str, lanes: int = LANES) -> tuple[int, int]:
        """(rows, columns) = (inputs, outputs) of a cell array, ``head`` padded to whole beats of ``lanes`` values."""
        return {
            "qkv": (self.d_model, self.d_q + 2 * self.d_kv),
            "o": (self.d_q, self.d_model),
            "gateup": (self.d_model, 2 * self.d_ffn),
            "down": (self.d_ffn, self.d_model),
            "head": (self.d_model, -(-self.vocab // lanes) * lanes),
        }[name]

    def modules(self, array: str) -> tuple[int, ...]:
        """Outputs of each projection in an array's columns: q, k, v; o; gate, up; down; the vocabulary in ``head``."""
        return {
            "qkv": (self.d_q, self.d_kv, self.d_kv),
            "o": (self.d_model,),
            "gateup": (self.d_ffn, self.d_ffn),
            "down": (self.d_model,),
            "head": (self.vocab,),
        }[array]


@dataclass(frozen=True)
class Die:
    """What is fixed in the base die beside the shape. See docs/formats.md for the widths.

    ``block``, ``bit_lines``, ``share`` and ``positions`` trade area for time, an ``offset`` saves area
    (docs/architecture.md); no value depends on them.
    ``span`` and ``superblock`` are the scaling of each array (docs/formats.md, "Weights").
    """

    act_w: int = 12
    kv_w: int = 10
    kv_depth: int = 512  # positions a slot's KV cache holds
    positions: int = 2  # of the KV cache that attention takes in a clock
    slots: int = 2  # conversations in flight
    cell_bits: int = 4  # of a weight cell; wider weights are slices
    lanes: int = LANES  # FX values a stream beat carries
    bit_lines: int = 1  # of a column: rows of a group that are on at once
    slices: dict[str, int] = field(default_factory=lambda: dict.fromkeys(MATRICES, 1) | {"head": 2})
    embed_slices: int = 2
    span: dict[str, int] = field(default_factory=lambda: dict.fromkeys((*MATRICES, EMBED), GROUP))
    superblock: dict[str, int] = field(default_factory=lambda: dict.fromkeys((*MATRICES, EMBED), 0))
    offset: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(MATRICES, 0)
    )  # m*n = -offset*d*s of all weights
    block: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(MATRICES, GROUP)
    )  # rows that share a column's accumulator
    share: dict[str, int] = field(default_factory=lambda: dict.fromkeys(MATRICES, 1))  # columns a scaling unit
    rank: int = 8  # of the adapters; 0: a die without them
    adapters: int = 2  # banks of adapter SRAM: adapters that are resident
    top_k: int = 16  # largest logits that the sampler can choose among


def weight_counts(shape: Shape, lanes: int = LANES) -> dict[str, int]:
    """Weights of each cell array of MATRICES, in all layers together, and of the embedding table (``EMBED``).

    The head is padded to whole beats of ``lanes`` columns: with 1, these are the model's own weights.
    """
    counts = {EMBED: shape.vocab * shape.d_model}
    for name in MATRICES:
        counts[name] = math.prod(shape.matrix_size(name, lanes)) * (1 if name == "head" else shape.layers)
    return counts


def macs(shape: Shape, *, head: bool) -> int:
    """Multiply-accumulates of a token through all layers, and through the head too if ``head``: it wants an answer."""
    counts = weight_counts(shape, lanes=1)
    return sum(counts[name] for name in MATRICES if head or name != "head")


def cell_count(shape: Shape, die: Die) -> int:
    """Weight cells of a die: weights times slices."""
    slices = die.slices | {EMBED: die.embed_slices}
    return sum(count * slices[name] for name, count in weight_counts(shape, die.lanes).items())


def norm_constants(shape: Shape) -> tuple[int, int, int]:
    """(NEPS, SQN, SQE) of docs/formats.md for vectors of d_model values."""
    n = shape.d_model
    neps = round(n * shape.eps * 2**32)
    sqe = math.isqrt(n).bit_length() - 1
    sqn = round(math.sqrt(n) * 2 ** (15 - sqe))
    return (neps, 1 << 15, sqe + 1) if sqn == 1 << 16 else (neps, sqn, sqe)


def score_constant(shape: Shape) -> int:
    """SC of docs/formats.md: log2(e) / sqrt(head_dim), times the square of YaRN's factor, 16 fraction bits."""
    return round(math.log2(math.e) / math.sqrt(shape.head_dim) * shape.attention_factor**2 * 2**16)


def check_fits(shape: Shape, die: Die, where: str) -> None:
    """Raise InputError unless a die of this geometry can be built and can hold the shape."""
    rules = [
        (die.lanes > 0 and die.lanes % GROUP == 0, f"beats of {die.lanes} values are not whole groups of {GROUP}"),
        (shape.d_model % die.lanes == 0, f"d_model {shape.d_model} is not a multiple of {die.lanes}"),
        (shape.d_ffn % die.lanes == 0, f"FFN width {shape.d_ffn} is not a multiple of {die.lanes}"),
        (shape.d_q % die.lanes == 0, f"query width {shape.d_q} is not a multiple of {die.lanes}"),
        (shape.d_kv % die.lanes == 0, f"key/value width {shape.d_kv} is not a multiple of {die.lanes}"),
        (shape.head_dim % 2 == 0, f"head size {shape.head_dim} is odd"),
        (shape.kv_heads > 0 and shape.heads % shape.kv_heads == 0, f"{shape.heads} heads, {shape.kv_heads} KV heads"),
        (0 < shape.layers <= 250, f"{shape.layers} layers (a die has 1 to 250)"),
        (shape.d_model <= 8192, f"d_model {shape.d_model} is over 8192"),
        (2**16 <= norm_constants(shape)[0] < 2**40, f"RMSNorm epsilon {shape.eps} is out of the norm's range"),
        (8 <= die.act_w <= 16, f"activation width {die.act_w} is not in 8..16"),
        (4 <= die.kv_w <= 16 and die.act_w + die.kv_w <= 28, f"KV width {die.kv_w} with activation width {die.act_w}"),
        (2 <= die.kv_depth <= 65535, f"KV depth {die.kv_depth} is not in 2..65535"),  # a full one has 16 bits
        (die.positions in POSITIONS, f"{die.positions} positions a clock (choose one of {POSITIONS})"),
        (1 <= die.slots <= 256, f"{die.slots} slots are not in 1..256"),
        (die.cell_bits in CELL_BITS, f"cells of {die.cell_bits} bits (a die has cells of 3 or 4)"),
        *(
            (n > 0 and n % GROUP == 0, f"blocks of {n} rows are not whole groups of {GROUP}")
            for n in die.block.values()
        ),
        (die.bit_lines in BIT_LINES, f"{die.bit_lines} bit lines a column (choose one of {BIT_LINES})"),
        *_scaling_rules(shape, die),
        (set(die.offset.values()) <= set(OFFSETS), f"codes' offsets {die.offset} (choose among {OFFSETS})"),
        (set(die.share.values()) <= set(SHARES), f"columns a scaling unit {die.share} (choose among {SHARES})"),
        (0 <= die.rank <= 64, f"adapters of rank {die.rank} (a die has 0 to 64)"),
        (not die.rank or 1 <= die.adapters <= 15, f"{die.adapters} resident adapters (a die has 1 to 15)"),
        (2 <= die.top_k <= 16, f"a choice among {die.top_k} logits (a die has 2 to 16)"),
    ]
    for holds, what in rules:
        if not holds:
            raise InputError(f"the die cannot hold this shape: {what}", where, "use another checkpoint or die")


def _scaling_rules(shape: Shape, die: Die) -> Iterator[tuple[bool, str]]:
    """The rules for spans and super-blocks of every array: whether each holds, and what is wrong where it does not."""
    for array in (*MATRICES, EMBED):
        span, superblock = die.span.get(array), die.superblock.get(array)
        inputs = shape.d_model if array == EMBED else shape.matrix_size(array)[0]
        yield span in SPANS, f"spans of {span} inputs in {array} (choose among {SPANS})"
        yield superblock in SUPERBLOCKS, f"super-blocks of {superblock} inputs in {array} (choose among {SUPERBLOCKS})"
        yield bool(superblock) or span == GROUP, f"spans of {span} inputs in {array}, which has no integers"
        yield not superblock or inputs % superblock == 0, f"{inputs} inputs of {array} in super-blocks of {superblock}"
        wide = array != EMBED and die.bit_lines > (span or 0)
        yield not wide, f"{die.bit_lines} bit lines a column in {array}, whose spans are {span} inputs"


def check_tokens(shape: Shape, die: Die, tokens: Sequence[int], where: str, held: int = 0) -> None:
    """Raise InputError, naming ``where``, unless a slot that holds ``held`` tokens can take these, one at least."""
    if not len(tokens):
        raise InputError("the prompt is empty", where, "give at least one token")
    if held + len(tokens) > die.kv_depth:
        what = f"the prompt has {len(tokens)} tokens, the KV cache holds {die.kv_depth}"
        what += f", {held} of its places are taken" if held else ""
        raise InputError(what, where, "shorten the prompt or set DEPTH higher")
    if wrong := [token for token in tokens if not 0 <= token < shape.vocab]:
        raise InputError(f"token {wrong[0]} is not in the vocabulary", where, f"use tokens from 0 to {shape.vocab - 1}")
