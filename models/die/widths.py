# SPDX-License-Identifier: Apache-2.0
"""Widths of a matrix's sums, as hdl/block_array_gate.sv and hdl/scale_drain.sv derive them from a die's fields."""

from typing import NamedTuple

from models.die.shape import GROUP, Die


class Widths(NamedTuple):
    """Of a scaling unit, in bits, sign included; the fields are the RTL's parameters of the same names in capitals."""

    sum_w: int  # a column's sum over a span, its slices joined
    xsum_w: int  # the sum of a span's activations, of either sign
    part_w: int  # what a scaling unit gives: D * sum + M * xsum
    pair: int  # 1, or 0 where weights are symmetric: without M * xsum

    @property
    def behind_integers(self) -> "Widths":
        """In an array that has integers: what leaves ``sub_scale``, and what its scaling units give."""
        # A product has all bits of both factors; an integer's magnitude is at most 2^7.
        return Widths(self.sum_w + 8, self.xsum_w + 8, self.part_w + 7, self.pair)


def sum_widths(act_w: int, cell_bits: int, slices: int, span: int = GROUP, offset: int = 0) -> Widths:
    """The widths behind an array of ``slices`` cells of ``cell_bits`` bits a weight, activations of ``act_w`` bits,
    that has no integers; sums are those of ``span`` inputs. ``offset`` is that of symmetric codes.
    """
    places = span.bit_length() - 1
    sum_w, xsum_w = act_w + slices * cell_bits + places, act_w + places + 1
    # |D| < 2^24, and a bit for rounding up; |M| < 2^31, and one more for the sum of both products.
    part_w = sum_w + 25 if offset else max(sum_w + 25, xsum_w + 32) + 1
    return Widths(sum_w, xsum_w, part_w, int(not offset))


def array_widths(die: Die, array: str) -> Widths:
    """What the scaling units of an array of a die take and give."""
    widths = sum_widths(die.act_w, die.cell_bits, die.slices[array], die.span[array], die.offset[array])
    return widths.behind_integers if die.superblock[array] else widths
