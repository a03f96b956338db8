# SPDX-License-Identifier: Apache-2.0
"""A host at the AXI4-Lite pins of a whole die.

It is a master of its own for speed: that of tb/host_port/axi_lite.py follows every clock, this one the clock only while
an access is under way.
"""

from cocotb.triggers import RisingEdge

from tb.host_port.axi_lite import ALL, OKAY
from tb.host_port.registers import Registers
from tb.oracle.scoreboard import Mismatch

PATIENCE = 1000  # clocks in which the port has to answer


class Refused(Mismatch):
    """The host port answered with an error."""


class Host:
    """Registers by name, as docs/host.md has them."""

    def __init__(self, dut, registers: Registers) -> None:
        self.dut, self.registers = dut, registers
        for signal in ("awvalid", "wvalid", "bready", "arvalid", "rready", "awaddr", "wdata", "wstrb", "araddr"):
            getattr(dut, f"s_axil_{signal}_i").value = 0

    async def write(self, name: str, value: int, index: int = 0, strobes: int = ALL) -> None:
        """Write a register. Refused if the port does, Mismatch if it does not answer."""
        dut, address = self.dut, self.registers.address(name, index)
        dut.s_axil_awaddr_i.value, dut.s_axil_wdata_i.value, dut.s_axil_wstrb_i.value = address, value, strobes
        dut.s_axil_awvalid_i.value = dut.s_axil_wvalid_i.value = dut.s_axil_bready_i.value = 1
        address_taken = data_taken = False
        for _ in range(PATIENCE):
            await RisingEdge(dut.clk_i)
            address_taken |= bool(int(dut.s_axil_awready_o.value))
            data_taken |= bool(int(dut.s_axil_wready_o.value))
            dut.s_axil_awvalid_i.value, dut.s_axil_wvalid_i.value = int(not address_taken), int(not data_taken)
            if int(dut.s_axil_bvalid_o.value):
                break
        else:
            raise Mismatch(f"the host port does not answer to a write of {value:#x} to {name}[{index}]")
        dut.s_axil_bready_i.value = 0
        if int(dut.s_axil_bresp_o.value) != OKAY:
            raise Refused(f"a write of {value:#x} to {name}[{index}] was refused")

    async def read(self, name: str, index: int = 0) -> int:
        """What is in a register. Refused if the port does, Mismatch if it does not answer."""
        dut = self.dut
        dut.s_axil_araddr_i.value = self.registers.address(name, index)
        dut.s_axil_arvalid_i.value = dut.s_axil_rready_i.value = 1
        taken = False
        for _ in range(PATIENCE):
            await RisingEdge(dut.clk_i)
            taken |= bool(int(dut.s_axil_arready_o.value))
            dut.s_axil_arvalid_i.value = int(not taken)
            if int(dut.s_axil_rvalid_o.value):
                break
        else:
            raise Mismatch(f"the host port does not answer to a read of {name}[{index}]")
        dut.s_axil_rready_i.value = 0
        if int(dut.s_axil_rresp_o.value) != OKAY:
            raise Refused(f"a read of {name}[{index}] was refused")
        return int(dut.s_axil_rdata_o.value)

    async def counter(self, name: str) -> int:
        """A 64-bit counter."""
        low = await self.read(f"{name}.LO")
        return await self.read(f"{name}.HI") << 32 | low
