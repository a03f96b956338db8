# SPDX-License-Identifier: Apache-2.0
"""What the parts of a die that repeat cost, from synthesis: in transistors of static CMOS, in transistors of the cell
library, or in um2 of it."""

from collections.abc import Callable
from dataclasses import dataclass

from models.die import cost
from models.die.cost import Units
from models.die.shape import GROUP, Die, Shape
from models.die.widths import sum_widths
from scripts.silicon.cells import LIBRARY
from scripts.silicon.synthesis import RAM_BIT, count_parts
from scripts.silicon.timing import time_module

CODE_PART = 128  # data bits of a part of a key or value of Llama 3.1 8B, 8 or 10 bits a value (hdl/ecc_sram.sv)


@dataclass(frozen=True)
class Measure:
    """What a die is measured by: ``module(top, parameters, without=..., lanes=...)`` for a module of hdl/, numbers for
    the rest."""

    module: Callable[..., float]
    ram_bit: float  # of a small memory
    sram_bit: float  # of KV SRAM and adapters, with what is around the cells
    cell: float  # of a weight


STATIC = Measure(
    lambda top, parameters, **how: count_parts(top, parameters, **how).transistors,
    ram_bit=RAM_BIT,
    sram_bit=cost.SRAM_BIT * cost.SRAM_SHARE,
    cell=1,
)
CELLS = Measure(
    lambda top, parameters, **how: time_module(top, parameters, **how).transistors,
    ram_bit=RAM_BIT,
    sram_bit=cost.SRAM_BIT * cost.SRAM_SHARE,
    cell=1,
)
AREA = Measure(
    lambda top, parameters, **how: time_module(top, parameters, **how).area_um2,
    ram_bit=LIBRARY["memory"]["area_um2"],
    sram_bit=LIBRARY["sram"]["area_um2"],
    cell=LIBRARY["line"]["column_um"] * LIBRARY["line"]["row_um"],
)


def units(
    measure: Measure,
    shape: Shape,
    depth: int,
    sizes: tuple[int, int, int, int],
    span: int = GROUP,
    superblock: int = 0,
    offset: int = 0,
    cached: tuple[int, int] = (Die.kv_w, Die.positions),
) -> Units:
    """The units of a die of ``sizes``: bits of activations, of a cell, cells a weight, bit lines. The KV cache holds
    ``depth`` positions, ``cached`` has the bits of its mantissas and the positions a clock; InputError without yosys.
    """
    act_w, cell_bits, slices, bit_lines = sizes

    def count(top: str, without: tuple[str, ...] = (), lanes: int = 32, **parameters: int) -> float:
        return measure.module(top, parameters, without=without, lanes=lanes)

    def attention(heads: int, head_dim: int, lanes: int = 1) -> float:
        own = {"HEADS": heads, "KV_HEADS": 1, "HEAD_DIM": head_dim, "DEPTH": depth, "SLOTS": 1}
        widths = {"ACT_W": act_w, "KV_W": cached[0], "POSITIONS": cached[1]}
        return count("attention", ("kv_sram",), lanes, **own, **widths)

    sums = sum_widths(act_w, cell_bits, slices, span, offset)
    drained = sums.behind_integers if superblock else sums
    sums_in = {"SUM_W": sums.sum_w, "XSUM_W": sums.xsum_w, "PAIR": sums.pair}
    boxes = "cell_array_gate", "product_lines", "serial_accumulator"
    block = {rows: count("block", boxes, VIEW=1, BLOCK=rows, N=1, ACT_W=act_w, BIT_LINES=32) for rows in (64, 96)}
    drain_of = {"K": shape.d_model, "SPAN": span, "SUPER": superblock, "OFFSET": offset, "ACT_W": act_w}
    drain_of |= {"SLICES": slices, "W_BITS": cell_bits}
    scaled = "scaling_unit", "sub_scale"
    drain = {
        (columns, share, lanes): count("scale_drain", scaled, lanes, N=columns, SHARE=share, **drain_of)
        for columns, share, lanes in ((4, 4, 1), (8, 8, 1), (16, 8, 1), (16, 8, 2))
    }
    column = (drain[8, 8, 1] - drain[4, 4, 1]) / 4
    around = drain[16, 8, 1] - drain[8, 8, 1] - 8 * column  # of a unit, beside its columns
    held = (act_w + cell_bits + span.bit_length() - 1) * measure.ram_bit
    norm = {values: count("rms_norm", lanes=1, N=values) for values in (4, 8)}
    least, wide, heads, both = attention(1, 2), attention(1, 4), attention(2, 2), attention(2, 4)
    head_value = (both - heads - (wide - least)) / 2
    norm_value = (norm[8] - norm[4]) / 4
    lora_of = {"ARRAY": 1, "K": 64, "N": 64, "MODULES": 1, "BANKS": 2, "ACT_W": act_w}
    lora = {rank: count("lora", ("ecc_sram",), RANK=rank, **lora_of) for rank in (1, 2)}
    sampler, argmax = (
        {lanes: count(top, lanes=lanes, VOCAB=64, **own) for lanes in (8, 16)}
        for top, own in (("sampler", {"TOP_K": 16}), ("argmax", {}))
    )
    host_of = {"SLOTS": 1, "DEPTH": depth, "VOCAB": shape.vocab, "LAYERS": shape.layers, "D_MODEL": shape.d_model}
    code_bits = CODE_PART + cost.check_bits(CODE_PART)
    return Units(
        cell=measure.cell,
        sram_bit=measure.sram_bit,
        accumulator=bit_lines * measure.cell
        + count("serial_accumulator", PROD_W=act_w + cell_bits, BIT_LINES=bit_lines, TURNS=span // bit_lines)
        + held,
        generator=count("product_lines", ACT_W=act_w, W_BITS=cell_bits),
        row=(block[96] - block[64]) / 32,
        scaling_unit=around
        + count("scaling_unit", **{name.upper(): width for name, width in drained._asdict().items()}),
        sub_scale=count("sub_scale", **sums_in) if superblock else 0,
        column=column,
        readout=max(0.0, drain[16, 8, 2] - drain[8, 8, 1] - 8 * column - around),
        quantiser=count("act_quantiser", N=2, W=act_w) / 2,
        norm_value=norm_value,
        norm_lane=norm[4] - 4 * norm_value,
        rope_pair=count("rope", lanes=2, HEAD_DIM=2, DEPTH=4),
        swiglu_lane=count("swiglu", lanes=1),
        residual_lane=count("residual", lanes=1),
        embedding_lane=count("embedding", D_MODEL=32, VOCAB=4, SLICES=1, W_BITS=cell_bits) / 32,
        argmax_lane=(argmax[16] - argmax[8]) / 8,
        sampler_lane=(sampler[16] - sampler[8]) / 8,
        sampler=2 * sampler[8] - sampler[16],
        adapter_lane=(2 * lora[1] - lora[2]) / 32,
        adapter_value=(lora[2] - lora[1]) / 32,
        codec=count("ecc_sram", WORDS=2, WIDTH=CODE_PART) - 2 * code_bits * measure.ram_bit,
        host_port=count("host_port", **host_of) + count("sequencer", SLOTS=1, DEPTH=depth),
        head_value=head_value,
        window_value=(wide - least) / 2 - head_value,
        head=heads - least - 2 * head_value,
        output_lane=attention(1, 2, lanes=2) - least,
        fifo_value=32 * measure.ram_bit,
    )
