# SPDX-License-Identifier: Apache-2.0
"""The production test at a die's host port: prompts in, answers and signatures out. Nothing else is looked at."""

from models.golden.signature import STREAMS, Place, places
from models.golden.stage import CHIP
from tb.cartridge.driver import DieBench
from tb.host_port.registers import COUNTERS

ARRAYS = list(STREAMS)


class ProductionBench(DieBench):
    """Conversations of one answer each, in turn. After each the signatures are read; the report has them."""

    def __init__(self, *args) -> None:
        super().__init__(*args)
        self.read: list[list[int]] = []

    def check(self) -> None:
        """A tester has no trace."""

    follow = check

    async def test(self) -> None:
        """The prompts of the job."""
        for index in range(len(self.job.conversations)):
            await self.push(index)
            await self.until_done()
            self.read.append([await self._signature(place) for place in places(self.shape.layers)])

    async def drain(self) -> None:
        """The last token has left with its answer."""
        self.counters = {name: await self.host.counter(name) for name in COUNTERS}

    def figures(self) -> dict:
        return super().figures() | {"signatures": self.read}

    async def _signature(self, place: Place) -> int:
        layer, array = place
        number = (0 if array == "embed" else 1) if layer == CHIP else ARRAYS.index(array)
        await self.host.write("SIGNATURE_SELECT", number << 8 | layer)
        return await self.host.read("SIGNATURE")
