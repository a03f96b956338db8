"""A prompt longer than the KV cache, given to the chip by hand: no golden model has an answer to it."""

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, FallingEdge, RisingEdge, with_timeout

from tb.oracle.conversation import END_CONTEXT

TOKENS = range(10, 16)  # two more than the cache holds
PATIENCE = 100, "us"


async def until(dut, signal) -> None:
    """Wait for a clock at which a signal is high."""
    while True:
        await FallingEdge(dut.clk_i)
        if int(signal.value):
            return


@cocotb.test()
async def refused_once(dut):
    """The token before the last is swallowed, the last one comes back; the chip is not idle while the host waits."""
    dut.rst_i.value, dut.out_ready_i.value = 1, 0
    dut.stop_ids_i.value = dut.tok_valid_i.value = dut.cut_i.value = dut.write_valid_i.value = 0
    dut.tok_adapter_i.value = dut.tok_sample_i.value = 0
    Clock(dut.clk_i, 10, unit="ns").start()
    await ClockCycles(dut.clk_i, 6)
    dut.rst_i.value = 0
    await ClockCycles(dut.clk_i, 3)
    for token in TOKENS:
        last = token == TOKENS[-1]
        dut.tok_slot_i.value, dut.tok_id_i.value, dut.tok_max_new_i.value = 0, token, 1
        dut.tok_first_i.value, dut.tok_last_i.value, dut.tok_valid_i.value = token == TOKENS[0], last, 1
        if not last:
            await with_timeout(until(dut, dut.tok_ready_o), *PATIENCE)
            await RisingEdge(dut.clk_i)
    await with_timeout(until(dut, dut.out_valid_o), *PATIENCE)
    await ClockCycles(dut.clk_i, 2000)  # the others have left the last layer
    await FallingEdge(dut.clk_i)
    assert int(dut.out_valid_o.value) and not int(dut.tok_ready_o.value)
    assert not int(dut.idle_o.value), "idle, with a token on offer"
    got = [int(signal.value) for signal in (dut.out_slot_o, dut.out_pos_o, dut.out_id_o, dut.out_end_o)]
    assert got == [0, len(TOKENS) - 2, TOKENS[-1], END_CONTEXT]
    dut.out_ready_i.value = 1
    await RisingEdge(dut.clk_i)
    dut.tok_valid_i.value = 0
    await ClockCycles(dut.clk_i, 2)
    assert int(dut.idle_o.value) and not int(dut.out_valid_o.value)
