# SPDX-License-Identifier: Apache-2.0
"""What a die costs in transistors: counts a unit, as synthesis gives them, times the units that a geometry needs."""

from dataclasses import dataclass

from models.die.shape import EMBED, GROUP, MATRICES, Die, Shape, weight_counts

WORD = 32  # bits of a scale {m, d}; half a word are the integers of a span; half of either where m*n is -offset*d*s
TILE = 512  # columns that one product generator's lines reach; a wider block repeats its generators
SRAM_BIT = 6
SRAM_SHARE = 1.05  # decoders, sense amplifiers and drivers of the KV SRAM, beside its cells
EXPONENT = 5  # bits of the shift of a head's keys or values
CODE = 128  # data bits of a part of an SRAM's word, at most
LATER = "SECDED", "adapters", "sampler", "host port"  # parts that no count had before blocks were timed


@dataclass(frozen=True)
class Units:
    """Transistors of the parts that repeat, from synthesis (scripts/ppa.py), for cells, sums and scales of one kind."""

    cell: float  # of a weight, a scale or a pull-down
    sram_bit: float  # of KV SRAM and adapters
    accumulator: float  # a column of a block, a slice; the pull-downs of its bit lines and what holds its sum included
    generator: float  # product lines of one row that is on
    row: float  # activation register of a row of a block
    scaling_unit: float
    sub_scale: float  # what multiplies by integers ahead of a scaling unit; 0 where there are none
    column: float  # its place behind a scaling unit: selection and accumulator
    readout: float  # a lane of a matrix's output
    quantiser: float  # a lane of a matrix's input
    norm_value: float  # storage of a value in a norm
    norm_lane: float
    rope_pair: float
    swiglu_lane: float
    residual_lane: float
    embedding_lane: float
    argmax_lane: float
    sampler_lane: float
    sampler: float  # what it has once
    adapter_lane: float  # of an array's adapters, a lane: scaling, and its share of control
    adapter_value: float  # a lane and rank: a multiplier
    codec: float  # SECDED of a memory, for each part of a word: its encoder and decoder
    host_port: float  # with the sequencer
    head_value: float  # attention, for each value of a query head: score and value multipliers of all positions a clock
    window_value: float  # attention, for each value that waits for the rest of its head: its quantisers
    head: float  # attention, for each query head: scores, softmax, reciprocal, control
    output_lane: float  # attention, for each lane of its output: division
    fifo_value: float


def scale_words(weights: int, die: Die, array: str) -> list[tuple[int, int]]:
    """Words of mask 2 that scale the weights of an array: (words, bits of each) of its scales, and of its integers."""
    superblock, parts = die.superblock[array], 2 if die.offset.get(array) else 1
    scales = [(weights // (superblock or GROUP), WORD // parts)]
    return scales + ([(weights // die.span[array], WORD // 2 // parts)] if superblock else [])


def scale_bits(shape: Shape, die: Die) -> int:
    """Bits of mask 2 that scale the weights of a whole die."""
    counts = weight_counts(shape, die.lanes)
    return sum(words * bits for array, count in counts.items() for words, bits in scale_words(count, die, array))


def scale_cells(weights: int, die: Die, array: str) -> int:
    """Cells of those words in an array: as many bits in each as a weight cell has."""
    return sum(words * -(-bits // die.cell_bits) for words, bits in scale_words(weights, die, array))


def matrix(units: Units, die: Die, rows: int, columns: int, name: str) -> dict[str, float]:
    """Transistors of one matrix, by part."""
    slices, share = die.slices[name], die.share[name]
    blocks = -(-rows // die.block[name])
    scaling_units = -(-columns // (die.lanes * share)) * die.lanes
    unit = units.scaling_unit + units.sub_scale
    tiles = -(-columns * slices // TILE)
    return {
        "weight cells": rows * columns * slices * units.cell,
        "scale cells": scale_cells(rows * columns, die, name) * units.cell,
        "accumulators": columns * blocks * slices * units.accumulator,
        "product generators": blocks * tiles * die.bit_lines * units.generator + rows * units.row,
        "scaling": scaling_units * unit + columns * units.column + die.lanes * units.readout,
        "vector units": die.lanes * units.quantiser,
    }


def die(units: Units, shape: Shape, d: Die) -> dict[str, float]:
    """Transistors of a whole die, by part; ``units`` are of its cells, accumulators, scales and widths."""
    total: dict[str, float] = {}

    def add(parts: dict[str, float], times: int = 1) -> None:
        for name, count in parts.items():
            total[name] = total.get(name, 0) + times * count

    for name in MATRICES:
        add(matrix(units, d, *shape.matrix_size(name, d.lanes), name), 1 if name == "head" else shape.layers)
    embedding = shape.vocab * shape.d_model
    cells = {"embedding cells": embedding * d.embed_slices, "scale cells": scale_cells(embedding, d, EMBED)}
    add({name: count * units.cell for name, count in cells.items()})
    norm = shape.d_model * units.norm_value + d.lanes * units.norm_lane
    skip, wire = shape.d_model * units.fifo_value, 2 * d.lanes * units.fifo_value
    lanes = d.lanes / 2 * units.rope_pair + d.lanes * (units.swiglu_lane + 2 * units.residual_lane)
    add({"vector units": 2 * norm + 2 * skip + wire + lanes}, shape.layers)
    add({"vector units": norm + d.lanes * (units.embedding_lane + units.argmax_lane)})
    heads = shape.d_q * units.head_value + shape.heads * units.head + d.lanes * units.output_lane
    add({"attention": heads + max(shape.head_dim, d.lanes) * units.window_value}, shape.layers)
    memories = [(shape.head_dim * d.kv_w, 2 * shape.kv_heads), (2 * EXPONENT * shape.kv_heads, 1)]  # bits of a word
    for word, count in memories:
        rows = d.slots * -(-d.kv_depth // d.positions)  # of each bank
        held, secded = rows * word * units.sram_bit, _secded(units, word, rows)
        add({"KV SRAM": held, "SECDED": secded}, d.positions * count * shape.layers)
    for name in MATRICES if d.rank else ():
        if name != "head":
            add(_adapters(units, shape, d, name), shape.layers)
    add({"sampler": units.sampler + d.lanes * units.sampler_lane, "host port": units.host_port})
    return total


def code_parts(bits: int) -> int:
    """Parts of a word of an SRAM, each with check bits of its own (hdl/ecc_sram.sv)."""
    return -(-bits // CODE)


def check_bits(bits: int) -> int:
    """SECDED bits of a word of so many data bits; the last part is filled up."""
    parts = code_parts(bits)
    part = -(-bits // parts)
    checks = next(n for n in range(1, part + 2) if 1 << n > part + n)
    return parts * (part + checks + 1) - bits


def _secded(units: Units, bits: int, words: int) -> float:
    """Of a memory of so many words of data: check bits, encoders and decoders."""
    return words * check_bits(bits) * units.sram_bit + code_parts(bits) * units.codec


def _adapters(units: Units, shape: Shape, d: Die, name: str) -> dict[str, float]:
    """Adapters of one array: every bank's words of A and B in SRAM (hdl/lora.sv), and the multipliers."""
    rows, columns = shape.matrix_size(name, d.lanes)
    bits = d.rank * d.lanes * 8
    words = d.adapters * ((len(shape.modules(name)) * rows + columns) // d.lanes + 1)
    logic = d.lanes * (units.adapter_lane + d.rank * units.adapter_value)
    return {"adapters": words * bits * units.sram_bit + logic, "SECDED": _secded(units, bits, words)}


def parameters(shape: Shape, tied: bool = False) -> int:
    """Parameters of the model, as its makers count them: matrices, embedding, an untied head, norms."""
    counts = weight_counts(shape, lanes=1)
    norms = (2 * shape.layers + 1) * shape.d_model
    return sum(counts.values()) - (counts["head"] if tied else 0) + norms
