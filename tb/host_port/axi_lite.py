# SPDX-License-Identifier: Apache-2.0
"""An AXI4-Lite master: its five channels are streams like any other. tb/cartridge/host.py says why it has another."""

from cocotb.triggers import Lock

from tb.evidence.coverage.ends import WatchedSink, WatchedSource

OKAY, SLVERR = 0, 2
ALL = 0b1111  # write strobes


class AxiLite:
    """Writes and reads one at a time each, side by side; every channel hesitates by itself, as ``stall`` says."""

    def __init__(self, dut, stall: str) -> None:
        self.aw = WatchedSource(dut, ("addr",), prefix="s_axil_aw", stall=stall)
        self.w = WatchedSource(dut, ("data", "strb"), prefix="s_axil_w", stall=stall)
        self.b = WatchedSink(dut, ("resp",), prefix="s_axil_b", stall=stall)
        self.ar = WatchedSource(dut, ("addr",), prefix="s_axil_ar", stall=stall)
        self.r = WatchedSink(dut, ("data", "resp"), prefix="s_axil_r", stall=stall)
        self._writes, self._reads = Lock(), Lock()

    async def write(self, address: int, data: int, strobes: int = ALL) -> int:
        """Write; gives the response."""
        return (await self.writes((address, data, strobes)))[0]

    async def writes(self, *writes: tuple[int, int, int]) -> list[int]:
        """Offer writes (address, data, strobes) one after another without waiting; gives the responses."""
        async with self._writes:
            self.aw.send(*((address,) for address, _, _ in writes))
            self.w.send(*((data, strobes) for _, data, strobes in writes))
            return [resp for (resp,) in await self.b.receive(len(writes))]

    async def read(self, address: int) -> tuple[int, int]:
        """Read; gives data and response."""
        return (await self.reads(address))[0]

    async def reads(self, *addresses: int) -> list[tuple[int, int]]:
        """Offer reads one after another without waiting; gives data and response of each."""
        async with self._reads:
            self.ar.send(*((address,) for address in addresses))
            return [tuple(beat) for beat in await self.r.receive(len(addresses))]

    def stop(self) -> None:
        """Drive nothing any more."""
        for end in (self.aw, self.w, self.b, self.ar, self.r):
            end.stop()
