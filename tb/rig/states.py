# SPDX-License-Identifier: Apache-2.0
"""State machines that an upset has thrown out of their states."""

from cocotb.triggers import FallingEdge, RisingEdge


async def return_to_first(dut, states: int) -> None:
    """Put each encoding of ``dut.state_q`` that is none of its ``states`` there; the next clock must bring state 0.

    The clock runs, and reset is low.
    """
    illegal = range(states, 1 << len(dut.state_q))
    assert illegal, "every encoding is a state"
    for encoding in illegal:
        await FallingEdge(dut.clk_i)
        dut.state_q.value = encoding
        await RisingEdge(dut.clk_i)
        await FallingEdge(dut.clk_i)
        found = int(dut.state_q.value)
        assert found == 0, f"from encoding {encoding} the machine went to {found}, not to its first state"
