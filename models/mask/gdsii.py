# SPDX-License-Identifier: Apache-2.0
"""A block of a die as GDSII: the base die that every model shares, and on layers of their own the vias of two masks.

A cell is a strip across the product lines of its column: a strap (the transistor's source) crosses all of them, and a
via of mask 1 ties it to one; the word line is the gate, the bit line the drain. Below the cells lie the words of scales
and integers, their bits likewise, with a via of mask 2 for each 1. Sizes are plausible for 6 nm, no foundry's rules.
"""

import os
from pathlib import Path

import gdstk
import numpy as np

from models.mask.via_block import ViaBlock

ACTIVE, STRAP, PRODUCT_LINE, WORD_LINE, BIT_LINE, SCALE_LINE = 1, 30, 31, 17, 32, 33  # layers of the base die
VIA_1, VIA_2 = 51, 52  # layers of the two masks
LABEL = 63
PITCH, WIRE, ROW = 0.040, 0.020, 0.120  # um: of lines, of a wire and a via, of rows
SCALE_BITS = 32
ARRAY_LIMIT = 32767  # columns of an array reference: GDSII counts them in 16 bits with sign


def place(block: ViaBlock, row: int, column: int, line: int) -> tuple[float, float]:
    """Where line ``line`` crosses the strap of a row, in um. Rows run downwards; scale strips follow the last row.

    ``column`` counts the columns of all slices: slice * N + column.
    """
    return column * _width(block) + line * PITCH, -row * ROW


def strips(block: ViaBlock) -> int:
    """Strips of scale bits below the cells, SCALE_BITS / lines for each word, each with as many bits as lines."""
    return len(block.scales) * SCALE_BITS // block.lines


def write(block: ViaBlock, path: str | os.PathLike) -> Path:
    """Write the block as GDSII, its rows and columns and every cell's value as labels; gives the path."""
    slices, rows, columns = block.cells.shape
    library = gdstk.Library(f"{block.array}_{block.layer:03d}_{block.number}", unit=1e-6, precision=1e-9)
    top = library.new_cell("block")
    _tile(top, _cell_base(library, block), block, slices * columns, rows, 0)
    _tile(top, _scale_base(library, block), block, columns, strips(block), rows)
    vias = [_via(library, f"via_{value}", VIA_1, str(value)) for value in range(block.lines)]
    for (part, row, column), value in np.ndenumerate(block.cells):
        top.add(gdstk.Reference(vias[value], place(block, row, part * columns + column, int(value))))
    one = _via(library, "scale_1", VIA_2, "1")
    for word, column, bit in np.argwhere(block.scale_bits).tolist():
        strip, line = divmod(word * SCALE_BITS + bit, block.lines)
        top.add(gdstk.Reference(one, place(block, rows + strip, column, line)))
    _label(top, block)
    library.write_gds(path)
    return Path(path)


def _width(block: ViaBlock) -> float:
    """Width of a column in um: its product lines, the bit line, a gap."""
    return (block.lines + 2) * PITCH


def _tile(top: gdstk.Cell, base: gdstk.Cell, block: ViaBlock, columns: int, rows: int, first: int) -> None:
    """The same piece of the base die at every row from ``first`` on and every column."""
    for start in range(0, columns, ARRAY_LIMIT):
        size = {"columns": min(ARRAY_LIMIT, columns - start), "rows": rows, "spacing": (_width(block), -ROW)}
        top.add(gdstk.Reference(base, place(block, first, start, 0), **size))


def _cell_base(library: gdstk.Library, block: ViaBlock) -> gdstk.Cell:
    """A weight cell without its via: line 0 crosses the strap at the origin."""
    cell, drain = library.new_cell("cell"), block.lines * PITCH
    cell.add(*(_vertical(line * PITCH, PRODUCT_LINE) for line in range(block.lines)))
    cell.add(_vertical(drain, BIT_LINE))
    cell.add(_box(0, drain, 0, STRAP), _box(0, drain + PITCH, -0.5 * ROW, WORD_LINE))
    cell.add(gdstk.rectangle((drain - WIRE / 2, -0.75 * ROW), (drain + WIRE / 2, WIRE / 2), layer=ACTIVE))
    return cell


def _scale_base(library: gdstk.Library, block: ViaBlock) -> gdstk.Cell:
    """A strip of scale bits without vias."""
    cell = library.new_cell("scale")
    cell.add(*(_vertical(line * PITCH, SCALE_LINE) for line in range(block.lines)))
    cell.add(_box(0, (block.lines - 1) * PITCH, 0, STRAP))
    return cell


def _via(library: gdstk.Library, name: str, layer: int, value: str) -> gdstk.Cell:
    """A via at the origin, with the value that its place stands for."""
    cell = library.new_cell(name)
    cell.add(_box(0, 0, 0, layer), gdstk.Label(value, (0, 0), layer=LABEL))
    return cell


def _vertical(x: float, layer: int) -> gdstk.Polygon:
    """A wire that meets those of the rows above and below."""
    return gdstk.rectangle((x - WIRE / 2, -0.75 * ROW), (x + WIRE / 2, 0.25 * ROW), layer=layer)


def _box(left: float, right: float, y: float, layer: int) -> gdstk.Polygon:
    """A horizontal wire, or a via where both ends are one."""
    return gdstk.rectangle((left - WIRE / 2, y - WIRE / 2), (right + WIRE / 2, y + WIRE / 2), layer=layer)


def _label(top: gdstk.Cell, block: ViaBlock) -> None:
    """Rows and scale words at the left, columns at the top."""
    slices, rows, columns = block.cells.shape

    def text(words: str, row: int, column: int, anchor: str, line: int) -> None:
        top.add(gdstk.Label(words, place(block, row, column, line), anchor=anchor, layer=LABEL))

    for row in range(rows):
        text(f"row {block.first_row + row}", row, 0, "e", -2)
    for strip in range(strips(block)):
        word, bit = divmod(strip * block.lines, SCALE_BITS)
        text(f"{block.names[word]} bits {bit}-{bit + block.lines - 1}", rows + strip, 0, "e", -2)
    for part in range(slices):
        for column in range(columns):
            name = f"column {column}" + (f" slice {part}" if slices > 1 else "")
            text(name, -1, part * columns + column, "sw", 0)
