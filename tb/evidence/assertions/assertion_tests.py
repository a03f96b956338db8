# SPDX-License-Identifier: Apache-2.0
"""Traffic for the assertions: what flows through a chip, or a matrix in the gate view, until all of it has come.

Nothing is compared here. Without a fault every assertion is silent; with one, the assertion ends the simulation. The KV
SRAM has no fault: its traffic is what no attention would send.
"""

import os

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles

from tb.rig.beats import pack
from tb.rig.bundles import NO_TOKEN, STOP_TOKENS, TOKEN_W, Prompt, Sample, Tag
from tb.rig.stream import StreamSink, StreamSource, reset

LOWEST = -(1 << 31)
SAMPLED = Sample(top_k=3, beta=1000, seed=7)


@cocotb.test()
async def traffic(dut) -> None:
    """Prompts that fill the context of both slots, vectors of the lowest values, or an access behind the last slot."""
    await {"chip": _talk, "matrix": _multiply, "kv_sram": _miss}[dut._name](dut)


async def _talk(dut) -> None:
    dut.stop_ids_i.value = pack([NO_TOKEN] * STOP_TOKENS, TOKEN_W)
    for name in ("cut", "write_valid", "write_layer", "write"):
        getattr(dut, f"{name}_i").value = 0
    source = StreamSource(dut, ("prompt",), prefix="tok_")
    sink = StreamSink(dut, ("answer",), prefix="out_", stall="some")
    await reset(dut, 6)
    for _ in range(2):
        for slot, tokens in ((0, [5, 6, 9]), (1, [50, 7])):
            for n, token in enumerate(tokens):
                ends = {"first": int(n == 0), "last": int(n == len(tokens) - 1)}
                how = SAMPLED if slot else Sample()
                source.send((Prompt(slot=slot, token=token, max_new=9, sample=how, **ends).pack(),))
        await sink.receive(5)
    await ClockCycles(dut.clk_i, 50)


async def _multiply(dut) -> None:
    dut.id_i.value = dut.write_valid_i.value = dut.write_i.value = 0
    source, sink = StreamSource(dut), StreamSink(dut)
    await reset(dut)
    vectors = [[LOWEST] * int(dut.K.value) for _ in range(4)]
    for n, vector in enumerate(vectors):
        source.send_vector(Tag(pos=n), vector)
    await sink.receive(len(vectors) * int(dut.N.value) // 32)
    await ClockCycles(dut.clk_i, 50)


async def _miss(dut) -> None:
    access = os.environ["ACCESS"]
    cocotb.start_soon(Clock(dut.clk_i, 10, "ns").start())
    dut.slot_i.value, dut.wpos_i.value, dut.rpos_i.value = int(dut.SLOTS.value), 0, 0
    dut.we_i.value, dut.re_i.value = int(access == "write"), int(access == "read")
    await ClockCycles(dut.clk_i, 3)
