# SPDX-License-Identifier: Apache-2.0
"""A vector one of whose beats is another token's leaves under a broken tag, and the vector behind it under its own.

Whatever module takes BEATS beats for its vectors; values are zeros, of which every token's are.
"""

import os

import cocotb

from tb.rig.bundles import Sample, Tag
from tb.rig.stream import StreamSink, StreamSource, reset

BEATS, OUT_BEATS = int(os.environ["BEATS"]), int(os.environ["OUT_BEATS"])
SAMPLE = Sample(top_k=2, beta=1).pack()


@cocotb.test()
async def torn(dut):
    sampled = hasattr(dut, "sample_i")
    for number in ("id_i", "layer_i"):
        if hasattr(dut, number):
            getattr(dut, number).value = 0
    for write in ("write_valid_i", "write_i"):
        if hasattr(dut, write):
            getattr(dut, write).value = 0
    source = StreamSource(dut, ("tag", "data", "sample") if sampled else ("tag", "data"))
    sink = StreamSink(dut, ("tag", "token") if sampled else ("tag", "data"))
    await reset(dut)
    tag, other = Tag(slot=0, pos=1), Tag(slot=1, pos=0)
    for wrong in (*range(BEATS), None):
        for beat in range(BEATS):
            bits = (other if beat == wrong else tag).pack()
            source.send((bits, 0, SAMPLE) if sampled else (bits, 0))
        for bits, _ in await sink.receive(OUT_BEATS):
            if wrong is None:
                assert Tag.unpack(bits) == tag, "the vector behind torn ones has another tag than its beats"
            else:
                assert bits.bit_count() % 2, f"beat {wrong} of {BEATS} was another token's, and the tag is whole"
