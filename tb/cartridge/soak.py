# SPDX-License-Identifier: Apache-2.0
"""A soak: random users of every kind, one after another and beside each other, until a die has answered so many tokens.

Nothing is kept that grows with the answers but their tokens: each is held against the golden model's when it ends.
"""

import json
import os
import random
from collections import Counter

import cocotb

from tb.cartridge.driver import Stopping
from tb.cartridge.flips import MEMORIES, fly, srams
from tb.cartridge.host import Refused
from tb.chip.schedules import beside
from tb.host_port.registers import FLAGS, Bank, Command, State, flags, position
from tb.oracle.conversation import Conversation
from tb.oracle.scoreboard import Mismatch

CHANGE = 0.02  # how often, a step, as many users as come at once become others
LONGEST = 6  # tokens of a prompt, and of an answer
RARE = (1000, 4000)  # clocks between two bits that flip in SRAMs


class Soak(Stopping):
    """Users who open slots, go on, stop answers, fill contexts, leave, change adapters, and do what is refused.

    Now and then a bit flips in a word of any SRAM, of each word one at most.
    """

    more = True
    excused = Stopping.excused | {"sram_corrected"}

    def __init__(self, *args) -> None:
        super().__init__(*args)
        self.pick = random.Random(cocotb.RANDOM_SEED)
        self.aim = json.loads(os.environ["AIM"])
        self.adapter: dict[int, int] = {}  # of the slots that are open
        self.stopped: set[int] = set()  # conversations
        self.judged = self.answered = 0  # conversations that have ended, and their tokens
        self.deeds: Counter[str] = Counter()

    def cuts(self, index: int) -> bool:
        return index in self.stopped

    async def users(self) -> None:
        """Hosts, and particles."""
        await beside(self._particles, self._hosts())

    async def _particles(self) -> None:
        """One bit a word is what the code corrects."""
        memories, hit = [sram for kind in MEMORIES for sram in srams(self.dut, kind, self.shape.layers)], set()
        while True:
            await fly(self.dut, self.pick.randrange(*RARE))
            sram = self.pick.choice(memories)
            place = sram._path, self.pick.randrange(len(sram.mem))
            word = sram.mem[place[1]]
            if place not in hit and word.value.is_resolvable:
                hit.add(place)
                word.value = int(word.value) ^ 1 << self.pick.randrange(len(word))
                self.deeds["flipped"] += 1

    async def _hosts(self) -> None:
        """As many tokens as the job asks for."""
        slots, crowd = self.job.die.slots, 1
        deeds, weights = (self._converse, self._leave, self._refuse, self._reload), (20, 3, 3, 1)
        while self.answered < self.aim:
            if self.pick.random() < CHANGE:
                crowd = self.pick.choice([1, 2, self.pick.randint(1, slots), slots])
            if len(self.active) < crowd:
                await self.pick.choices(deeds, weights)[0]()
            await self.go_on()
        await self.until_done()

    def take(self, *answered) -> None:
        before = dict(self.active)
        super().take(*answered)
        for slot in before.keys() - self.active.keys():
            self._judge(before[slot])

    def _judge(self, index: int) -> None:
        """Hold an answer that has ended against the golden one; both are forgotten but for their tokens."""
        self.check()  # a stage that differs is named first
        self.hold_answer(index)
        del self.golden.answers[index]
        self.arrivals.clear()
        self.stopped.discard(index)
        self.judged += 1
        self.answered += len(self.answers[index])

    # ---- what a host does

    async def _converse(self) -> None:
        """A prompt for a slot that does not answer: a new conversation, or one that goes on."""
        pick, slot = self.pick, self._free()
        first = slot not in self.adapter or pick.random() < 0.6
        if first:
            self.adapter[slot] = pick.randrange(len(self.job.adapters) + 1)
        tokens = [pick.randrange(self.shape.vocab) for _ in range(pick.randint(1, LONGEST))]
        how = {"top_k": pick.randint(1, self.job.die.top_k), "beta": pick.choice([500, 94548, 1 << 20])}
        length = pick.randint(1, LONGEST)
        talk = Conversation(slot, tokens, length, first, self.adapter[slot], seed=pick.getrandbits(32), **how)
        index = self.add(talk)
        if length > 1 and pick.random() < 0.3:
            self.stopped.add(index)
        self.deeds["stopped" if index in self.stopped else "answered"] += 1
        await self.push(index)

    async def _leave(self) -> None:
        """CLOSE, and the slot is as after reset."""
        if slots := sorted(self.adapter.keys() - self.active.keys()):
            await self._close(self.pick.choice(slots))
            self.deeds["left"] += 1

    async def _refuse(self) -> None:
        """Something that the die refuses: its flag is raised, no other, and nothing changes."""
        free, choice = self._free(), self.pick.choice
        refusals = [
            ("bad_value", "SLOT.TOP_K", self.job.die.top_k + 1, free),
            ("bad_value", "SLOT.MAX_NEW", 0, free),
            ("bad_value", "SLOT.BETA", 0, free),
            ("read_only", "SLOT.STATUS", 0, self.pick.randrange(self.job.die.slots)),
        ]
        if free in self.adapter:
            refusals += [("busy_slot", "SLOT.CTRL", Command.OPEN, free), ("busy_slot", "SLOT.ADAPTER", 0, free)]
        else:
            refusals += [("unknown_slot", "SLOT.CTRL", Command.STOP, free)]
        if banks := sorted({bank for bank in self.adapter.values() if bank}):
            refusals.append(("busy_slot", "ADAPTER_BANK", Bank.EMPTY, choice(banks) - 1))
        await self._refused(*choice(refusals))

    async def _reload(self) -> None:
        """A bank is taken back, its users leaving, if none of them waits for an answer, and is READY again.

        Meanwhile no slot may choose it.
        """
        bank = self.pick.randint(1, len(self.job.adapters))
        users = sorted(slot for slot, adapter in self.adapter.items() if adapter == bank)
        if self.active.keys() & users:
            return
        for slot in users:
            await self._close(slot)
        if closed := sorted(set(range(self.job.die.slots)) - self.adapter.keys()):
            await self.host.write("ADAPTER_BANK", Bank.EMPTY, bank - 1)
            await self._refused("bad_value", "SLOT.ADAPTER", bank, self.pick.choice(closed))
            await self.host.write("ADAPTER_BANK", Bank.READY, bank - 1)
            self.deeds["reloaded"] += 1

    def _free(self) -> int:
        """Any slot that does not answer."""
        return self.pick.choice([slot for slot in range(self.job.die.slots) if slot not in self.active])

    async def _close(self, slot: int) -> None:
        await self.host.write("SLOT.CTRL", Command.CLOSE, slot)
        await self._hold_closed(slot)
        del self.adapter[slot]
        self.open.discard(slot)

    async def _hold_closed(self, slot: int) -> None:
        state, at = position(await self.host.read("SLOT.STATUS", slot))
        if (state, at) != (State.CLOSED, 0):
            raise Mismatch(f"slot {slot} is {state.name}, at position {at}, and nobody has it")

    async def _refused(self, flag: str, name: str, value: int, index: int) -> None:
        try:
            await self.host.write(name, value, index)
        except Refused:
            raised = flags(await self.host.read("ERRORS")) - self.excused
            if raised == {flag}:
                await self.host.write("ERRORS", 1 << FLAGS.index(flag))
                self.deeds[f"refused: {flag}"] += 1
                return
            raise Mismatch(f"{value:#x} to {name}[{index}] raises {sorted(raised)}, not {flag}") from None
        raise Mismatch(f"{value:#x} to {name}[{index}] was not refused")

    # ---- at the end

    def hold_answers(self) -> None:
        """All were held when they ended."""
        if self.judged < len(self.answers):
            raise Mismatch(f"{len(self.answers) - self.judged} answers have no end")

    async def hold_flags(self) -> None:
        """Everybody leaves: no slot and no bank is held by nobody, and the counters are of what was done."""
        await super().hold_flags()
        for slot in sorted(self.adapter):
            await self._close(slot)
        for slot in range(self.job.die.slots):
            await self._hold_closed(slot)
        for bank in range(len(self.job.adapters)):
            await self.host.write("ADAPTER_BANK", Bank.EMPTY, bank)
        if not await self.host.read("STATUS"):
            raise Mismatch("the die is not idle, and nobody is there")
        if self.counters["FAILED"]:
            raise Mismatch(
                f"{self.counters['FAILED']} words are told to be beyond correction, and single bits have flipped"
            )
        if self.counters["TOKENS_OUT"] != self.answered:
            raise Mismatch(f"{self.counters['TOKENS_OUT']} answers were counted, and {self.answered} came")

    def figures(self) -> dict:
        return super().figures() | {"answered": self.answered, "deeds": dict(sorted(self.deeds.items()))}
