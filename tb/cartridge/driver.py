# SPDX-License-Identifier: Apache-2.0
"""What drives the die through its host port: registers open slots and set them up, tokens go through the streams."""

from dataclasses import replace

from tb.cartridge.host import Host
from tb.chip import driver
from tb.evidence.coverage.points import users
from tb.host_port.registers import COUNTERS, Bank, Command, Registers, flags
from tb.oracle.conversation import Conversation
from tb.oracle.scoreboard import Mismatch
from tb.rig.bundles import Answer


class DieBench(driver.ChipBench):
    """Conversations through the host port."""

    excused = frozenset({"overlong"})  # flags that are the prompts' own doing

    def rest(self) -> None:
        die = self.job.die
        self.host = Host(self.dut, Registers({"SLOTS": die.slots, "ADAPTERS": die.adapters if die.rank else 0}))
        self.open: set[int] = set()
        self.counters: dict[str, int] = {}
        self.flags: list[str] = []

    async def prepare(self) -> None:
        for index, token in enumerate(self.stops()):
            await self.host.write("STOP_TOKEN", token, index)
        for bank in range(len(self.job.adapters)):
            await self.host.write("ADAPTER_BANK", Bank.READY, bank)

    def add(self, talk: Conversation) -> int:
        """One more conversation than the job has, for a bench that has ``more``; gives its index."""
        self.job.conversations.append(talk)
        self.answers.append([])
        self.ends.append(None)
        self.golden.add(talk)
        return len(self.job.conversations) - 1

    async def begin(self, talk: Conversation) -> None:
        """A first prompt closes its slot and opens it anew."""
        slot, write = talk.slot, self.host.write
        if talk.first:
            if slot in self.open:
                await write("SLOT.CTRL", Command.CLOSE, slot)
            await write("SLOT.ADAPTER", talk.adapter, slot)
            await write("SLOT.CTRL", Command.OPEN, slot)
            self.open.add(slot)
        await write("SLOT.MAX_NEW", talk.max_new, slot)
        await write("SLOT.TOP_K", talk.top_k, slot)
        await write("SLOT.BETA", talk.beta, slot)
        await write("SLOT.SEED", talk.seed, slot)

    def take(self, answer: Answer, cycle: int) -> None:
        if int(self.dut.pop_refused_o.value):
            raise Mismatch(f"the host port refuses the prompt of slot {answer.slot}")
        before = dict(self.active)
        super().take(answer, cycle)
        for slot in before.keys() - self.active.keys():
            talk, end = self.job.conversations[before[slot]], self.ends[before[slot]]
            users.sample(talk, self.job.die.slots, end, len(self.active))

    async def hold_flags(self) -> None:
        """No flag was raised that is not excused."""
        self.counters = {name: await self.host.counter(name) for name in COUNTERS}
        self.flags = sorted(flags(await self.host.read("ERRORS")))
        if raised := [flag for flag in self.flags if flag not in self.excused]:
            raise Mismatch(f"the host port raised {', '.join(raised)}")

    def figures(self) -> dict:
        counters = {name.lower(): value for name, value in self.counters.items()}
        busy = counters["layers_busy"] / counters["cycles"] / self.shape.layers
        return {"counters": counters, "flags": self.flags, "layers_busy": busy}


class Stopping(DieBench):
    """Answers have no limit: each is stopped after its last token but one, which comes to the same."""

    def cuts(self, index: int) -> bool:
        """Whether the host stops the answer of conversation ``index``, which then has two tokens or more."""
        return True

    async def begin(self, talk: Conversation) -> None:
        await super().begin(replace(talk, max_new=65535) if self.cuts(self.active[talk.slot]) else talk)

    async def step(self) -> None:
        before = {slot: len(self.answers[index]) for slot, index in self.active.items() if self.cuts(index)}
        await super().step()
        for slot, index in self.active.items():
            last = self.job.conversations[index].max_new - 1
            if slot in before and before[slot] < last == len(self.answers[index]):
                await self.host.write("SLOT.CTRL", Command.STOP, slot)
