# SPDX-License-Identifier: Apache-2.0
"""Widths of a matrix's sums, as hdl/block_array_gate.sv and hdl/scale_drain.sv derive them from a die's fields."""

from typing import NamedTuple


class Widths(NamedTuple):
    """Bits, sign included; the fields are the RTL's parameters of the same names in capitals."""

    sum_w: int  # a column's sum over a group: 32 products, its slices joined
    xsum_w: int  # the sum of a group's activations
    part_w: int  # what a scaling unit gives: D * sum + M * xsum


def sum_widths(act_w: int, cell_bits: int, slices: int) -> Widths:
    """The widths behind an array of ``slices`` cells of ``cell_bits`` bits a weight, activations of ``act_w`` bits."""
    sum_w, xsum_w = act_w + slices * cell_bits + 6, act_w + 5
    # |D| < 2^24 and |M| < 2^31; a bit for the sum of both products, one for rounding up.
    return Widths(sum_w, xsum_w, max(sum_w + 23, xsum_w + 30) + 3)
