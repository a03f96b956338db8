# SPDX-License-Identifier: Apache-2.0
"""A prompt longer than the KV cache, given to the chip by hand: no golden model has an answer to it."""

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge, with_timeout

from tb.rig.bundles import Answer, End, Prompt

TOKENS = range(10, 16)  # two more than the cache holds
PATIENCE = 100, "us"


async def until(dut, signal) -> None:
    """Wait for a clock at which a signal is high."""
    while True:
        await FallingEdge(dut.clk_i)
        if int(signal.value):
            return


@cocotb.test()
async def offered_in_reset(dut):
    """A token that is offered from within the reset on is taken once the chip is out of it, and answered."""
    dut.rst_i.value, dut.out_ready_i.value, dut.stop_ids_i.value = 1, 1, 0
    dut.cut_i.value = dut.write_valid_i.value = 0
    dut.tok_prompt_i.value, dut.tok_valid_i.value = Prompt(token=10, first=1, last=1, max_new=1).pack(), 1
    Clock(dut.clk_i, 10, unit="ns").start()
    await ClockCycles(dut.clk_i, 6)
    await FallingEdge(dut.clk_i)
    assert not int(dut.tok_ready_o.value), "takes a token in reset"
    dut.rst_i.value = 0
    await with_timeout(until(dut, dut.tok_ready_o), *PATIENCE)
    await RisingEdge(dut.clk_i)
    dut.tok_valid_i.value = 0
    await with_timeout(until(dut, dut.out_valid_o), *PATIENCE)
    assert Answer.unpack(int(dut.out_answer_o.value)).reason == End.LIMIT
    await ClockCycles(dut.clk_i, 2)
    assert int(dut.idle_o.value)


@cocotb.test()
async def refused_once(dut):
    """The token before the last is swallowed, the last one comes back; the chip is not idle while the host waits."""
    dut.rst_i.value, dut.out_ready_i.value = 1, 0
    dut.stop_ids_i.value = dut.tok_valid_i.value = dut.cut_i.value = dut.write_valid_i.value = 0
    Clock(dut.clk_i, 10, unit="ns").start()
    await ClockCycles(dut.clk_i, 6)
    dut.rst_i.value = 0
    await ClockCycles(dut.clk_i, 3)
    for token in TOKENS:
        last = token == TOKENS[-1]
        prompt = Prompt(token=token, first=int(token == TOKENS[0]), last=int(last), max_new=1)
        dut.tok_prompt_i.value, dut.tok_valid_i.value = prompt.pack(), 1
        if not last:
            await with_timeout(until(dut, dut.tok_ready_o), *PATIENCE)
            await RisingEdge(dut.clk_i)
    await with_timeout(until(dut, dut.out_valid_o), *PATIENCE)
    await ClockCycles(dut.clk_i, 2000)  # the others have left the last layer
    await FallingEdge(dut.clk_i)
    assert int(dut.out_valid_o.value) and not int(dut.tok_ready_o.value)
    assert not int(dut.idle_o.value), "idle, with a token on offer"
    got = Answer.unpack(int(dut.out_answer_o.value))
    assert got == Answer(pos=len(TOKENS) - 2, token=TOKENS[-1], reason=End.CONTEXT)
    dut.out_ready_i.value = 1
    await RisingEdge(dut.clk_i)
    dut.tok_valid_i.value = 0
    await ClockCycles(dut.clk_i, 2)
    assert int(dut.idle_o.value) and not int(dut.out_valid_o.value)
