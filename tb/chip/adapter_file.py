# SPDX-License-Identifier: Apache-2.0
"""Adapters as the benches play them into a chip: a line of hexadecimal for every 32 bits of an SRAM word."""

from collections.abc import Iterator, Sequence

import numpy as np

from models.adapter import Adapter
from models.checkpoint.checkpoint import PARTS
from tb.rig.bundles import AdapterWrite

ARRAYS = tuple(PARTS)  # in the order of cartridge_pkg::ARRAY_*


def words(adapter: Adapter) -> Iterator[tuple[int, int, int, np.ndarray]]:
    """(layer, array, word, its bytes) of all that an adapter needs: arrays that it leaves alone have scales of 0."""
    for layer in range(adapter.shape.layers):
        changed = adapter.arrays(layer)
        for number, array in enumerate(ARRAYS):
            rows = adapter.words(layer, array)
            first = 0 if array in changed else len(rows) - 1
            for word in range(first, len(rows)):
                yield layer, number, word, rows[word]


def writes(adapters: Sequence[Adapter]) -> Iterator[str]:
    """What tb/chip/chip_bench.sv plays into a chip; the first adapter goes into bank 0."""
    for bank, adapter in enumerate(adapters):
        for layer, array, word, row in words(adapter):
            for chunk, bits in enumerate(row.view("<u4").tolist()):
                write = AdapterWrite(array=array, bank=bank, word=word, chunk=chunk, data=bits)
                yield f"{layer << AdapterWrite.WIDTH | write.pack():x}\n"


def writes_of(adapters: Sequence[Adapter], layer: int) -> Iterator[str]:
    """What tb/apart/layer_bench.sv plays into a layer by itself; the first adapter goes into bank 0."""
    for bank, adapter in enumerate(adapters):
        for owner, array, word, row in words(adapter):
            if owner == layer:
                for chunk, bits in enumerate(row.view("<u4").tolist()):
                    yield f"{AdapterWrite(array=array, bank=bank, word=word, chunk=chunk, data=bits).pack():x}\n"


def frames(adapters: Sequence[Adapter]) -> Iterator[str]:
    """What tb/cartridge/cartridge_bench.sv plays into the host port: a frame a word (docs/host.md)."""
    for bank, adapter in enumerate(adapters):
        for layer, array, word, row in words(adapter):
            beats = [bank << 28 | array << 24 | layer << 16 | word, *row.view("<u4").tolist()]
            yield from (f"{(n == len(beats) - 1):x}{bits:08x}\n" for n, bits in enumerate(beats))


LINES = {"chip": writes, "cartridge": frames}  # by bench
