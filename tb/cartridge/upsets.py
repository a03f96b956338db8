# SPDX-License-Identifier: Apache-2.0
"""Upsets of a die's flip-flops: users all at once, a second time with a bit that turns over, and what becomes of them.

Both rounds of the good die are held against the golden model. At the clock of each upset the simulation is forked: the
child turns the bit over and goes on to the end of the round, the parent goes on as if nothing were. So every upset
meets the same die, in the middle of the same work, and none costs the clocks before it.
"""

import json
import os
import re
import sys
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path

import cocotb
import numpy as np
from cocotb.handle import Immediate
from cocotb.triggers import FallingEdge, Timer
from cocotb.types import Logic, LogicArray
from cocotb.utils import get_sim_time
from tqdm import tqdm

from models.die.shape import Shape
from models.golden.stage import Stage
from tb.cartridge.driver import DieBench
from tb.cartridge.host import Refused
from tb.evidence.upsets.upset import SIGNED, Aftermath, Upset
from tb.host_port.registers import Command, State, flags, position
from tb.oracle.scoreboard import Mismatch
from tb.oracle.trace import Mark, Trace
from tb.rig.bundles import Answer
from tb.rig.clock import PERIOD

COUNTED = ("TOKENS_IN", "TOKENS_OUT", "CORRECTED", "FAILED")  # alike in each round
STEP = re.compile(r"(\w+)|\[(\d+)\]")  # of a path
SETTLE = 10  # polls in which a die takes again what waits for it
TOO_LONG = 4  # rounds: a die that is not done by then never is


class Noted(Trace):
    """A trace of which ``note`` is told every record."""

    def __init__(self, folder: Path, shape: Shape, lanes: int, note: Callable[[np.ndarray], None]) -> None:
        super().__init__(folder, shape, lanes)
        self.note = note

    def records(self, mark: Mark | None = None) -> Iterator[tuple[Path, np.ndarray]]:
        for path, records in super().records(mark):
            self.note(records)
            yield path, records


class Upsets(DieBench):
    """The job's conversations are two rounds of the same."""

    def __init__(self, *args) -> None:
        super().__init__(*args)
        self.trace = Noted(self.trace.folder, self.shape, self.trace.lanes, self._hear)
        plan = json.loads(Path(json.loads(os.environ["UPSETS"])).read_text())
        self.plan = sorted((Upset(**one) for one in plan), key=lambda upset: upset.moment)
        self.jobs, self.found = json.loads(os.environ["JOBS"]), Path(json.loads(os.environ["FOUND"]))
        self.forks = json.loads(os.environ["FORKS"])  # else this die is the one that is hit
        self.children: list[int] = []
        self.outcome: Aftermath | None = None  # of a die that was hit
        self.heard: dict[tuple[int, int, int], list[bytes]] = {}  # (slot, layer, stage) -> records
        self.said: dict[int, list[tuple[int, ...]]] = {}  # slot -> answers
        self.records = 0
        self.began, self.length = 0.0, 0  # of the round: ns, clocks
        self.watched = json.loads(os.environ["WATCHED"])
        self.impatient = False  # a host that has the chip restarted, though nothing hangs
        self.fed: dict[int, list[int]] = {}  # slot -> tokens of its conversation up to the last answer's end

    # ---- two rounds

    async def campaign(self) -> None:
        """A round, and another in which bits turn over."""
        talks = range(len(self.job.conversations) // 2)
        await self._round(talks)
        await self._rest()
        self.length, good = self._clocks(), (self.heard, self.said, await self._counters())
        await self.host.write("COUNTERS_CLEAR", 1)
        if self.watched:
            await self.host.write("WATCHDOG", self.length // 2)
        task = cocotb.start_soon(self._particles())
        try:
            await self._round([len(talks) + index for index in talks])
            task.cancel()
            if self.outcome:
                await self._leave(*good)
        except BaseException as trouble:  # of which a child must not return into cocotb
            if not self.outcome or not self.forks:
                raise
            print(f"upset {self.outcome.number}: {trouble!r}", file=sys.stderr, flush=True)
            os._exit(1)
        if self.outcome:
            with self.found.open("a") as file:
                file.write(f"{json.dumps(asdict(self.outcome))}\n")
            if self.forks:
                os._exit(0)
            Path(os.environ["REPORT"]).write_text("{}")
            cocotb.end_test("what became of it is told; golden it need not be")
        self._wait(0)

    async def _round(self, talks: range | list[int]) -> None:
        """Conversations, each as soon as its slot is free, until all have ended or nothing moves any more."""
        self.heard, self.said, self.began = defaultdict(list), defaultdict(list), get_sim_time("ns")
        waiting, moved = list(talks), (0, 0, 0)
        while waiting or self.active:
            taken = set(self.active)
            for index in waiting[:]:
                slot = self.job.conversations[index].slot
                if slot not in taken:
                    waiting.remove(index)
                    await self.push(index)
                taken.add(slot)
            await self.step()
            now = self.records, sum(map(len, self.said.values()))
            if now != moved[1:]:
                moved = self._clocks(), *now
            still = self.length and self._clocks() > min(moved[0] + self.length, TOO_LONG * self.length)
            if still and self.outcome:
                self.outcome.hung = self.outcome.hung or sorted(self.active)
                if not self.watched or self.outcome.restarted:
                    break
            if still or self.impatient or await self._parted():
                await self._restart()
                moved, self.impatient = (self._clocks(), *moved[1:]), False

    async def _rest(self) -> None:
        """Until no token is anywhere, if that comes."""
        for _ in range(100):
            if int(self.dut.idle_o.value):
                break
            await self.step()
        self.check()

    def _clocks(self) -> int:
        """Since the begin of the round."""
        return round((get_sim_time("ns") - self.began) / PERIOD)

    async def _counters(self) -> dict[str, int]:
        return {name: await self.host.counter(name) for name in COUNTED}

    async def _parted(self) -> bool:
        """Whether a host that watches hears that beats of two tokens met: what has slipped stays so until a restart."""
        waits = self.watched and self.outcome and not self.outcome.restarted
        return bool(waits) and "parted" in flags(await self.host.read("ERRORS"))

    async def _restart(self) -> None:
        """The host has the chip forget what is in it, and says again what got no answer."""
        outcome = self.outcome
        outcome.restarted = True
        try:
            outcome.flags = sorted(flags(await self.host.read("ERRORS")))
            await self.host.write("RESTART", 1)
            for _ in range(SETTLE):
                await self.step()
            for slot, index in self.active.items():
                await self._resume(slot, index)
        except Mismatch as trouble:
            self._tell(str(trouble), isinstance(trouble, Refused))

    async def _resume(self, slot: int, index: int) -> None:
        """Go on with an answer where the slot is now, if it is not under way."""
        state, at = position(await self.host.read("SLOT.STATUS", slot))
        if state == State.OPEN:
            talk, said = self.job.conversations[index], self.answers[index]
            history = [*([] if talk.first else self.fed[slot]), *talk.tokens, *said]
            await self.host.write("SLOT.MAX_NEW", max(1, talk.max_new - len(said)), slot)
            await self.send(replace(talk, tokens=history[at:], first=False))

    # ---- what a die that was hit may do, and a good one may not

    async def push(self, index: int) -> None:
        try:
            await super().push(index)
        except Mismatch as trouble:
            if not self.outcome:
                raise
            self._tell(str(trouble), isinstance(trouble, Refused))
            del self.active[self.job.conversations[index].slot]
            self.said[self.job.conversations[index].slot].append(())

    def _tell(self, what: str, answered: bool = True) -> None:
        self.outcome.told.append(what)
        self.outcome.silent_port |= not answered

    def take(self, answer: Answer, cycle: int) -> None:
        refused, index = int(self.dut.pop_refused_o.value), self.active.get(answer.slot)
        self.said[answer.slot].append((answer.pos, answer.token, int(answer.reason), refused))
        if not self.outcome:
            super().take(answer, cycle)
        elif index is None:
            self._tell(f"an answer to slot {answer.slot}, which waits for none")
        else:
            self.answers[index].append(answer.token)
            if answer.reason or refused:
                del self.active[answer.slot]
        if index is not None and answer.slot not in self.active:
            talk = self.job.conversations[index]
            before = [] if talk.first else self.fed[answer.slot]
            self.fed[answer.slot] = [*before, *talk.tokens, *self.answers[index][:-1]]

    def check(self) -> None:
        if not self.outcome:
            super().check()
        else:  # it is heard, and that is all
            deque(self.trace.records(), 0)

    follow = check  # a fork would not take the thread along

    def _hear(self, records: np.ndarray) -> None:
        for row in records:
            head = int(row[0])
            self.heard[head >> 8 & 0xFF, head >> 16 & 0xFF, head >> 24].append(row[1:].tobytes())
        self.records += len(records)

    # ---- particles

    async def _particles(self) -> None:
        """Each upset at its clock, in a child; or the only one here."""
        with tqdm(self.plan, "upsets", unit="upset", mininterval=10, disable=not self.progress.echo) as plan:
            for upset in plan:
                clock = int(upset.moment * self.length)
                if (wait := clock - self._clocks()) > 0:
                    await Timer(PERIOD * wait, unit="ns")
                await FallingEdge(self.dut.clk_i)
                if not self.forks or self._fork(upset):
                    self.outcome = Aftermath(upset.number, clock)
                    if upset.path:
                        self._turn(upset)
                    self.impatient = not upset.path
                    return

    def _fork(self, upset: Upset) -> bool:
        """A child that goes on from here: True in it. It has a trace of its own."""
        self.check()
        sys.stdout.flush()
        self._wait(self.jobs - 1)
        if child := os.fork():
            self.children.append(child)
            return False
        folder = self.trace.folder / f"upset-{upset.number}"
        folder.mkdir()
        for path in self.trace.folder.glob("trace_*.bin"):
            own = os.open(folder / path.name, os.O_RDWR | os.O_CREAT | os.O_APPEND)
            for number in map(int, os.listdir("/proc/self/fd")):
                if number != own and os.path.exists(f"/proc/self/fd/{number}"):
                    if os.path.samestat(os.stat(f"/proc/self/fd/{number}"), path.stat()):
                        os.dup2(own, number)
        self.trace = Noted(folder, self.shape, self.trace.lanes, self._hear)
        return True

    def _wait(self, most: int) -> None:
        """For children until at most so many run. Mismatch if one could not say what became of it."""
        while len(self.children) > most:
            if os.waitpid(self.children.pop(0), 0)[1]:
                raise Mismatch("a die that was hit ended before it could say what became of it")

    def _turn(self, upset: Upset) -> None:
        """Turn a bit over."""
        handle = self.dut.u_cartridge
        for name, number in STEP.findall(upset.path):
            handle = getattr(handle, name) if name else handle[int(number)]
        for at in upset.element:
            handle = handle[at]
        bits = list(str(handle.value))
        at = len(bits) - 1 - upset.bit
        bits[at] = {"0": "1", "1": "0"}.get(bits[at], bits[at])
        turned = "".join(bits)
        handle.set(Immediate(Logic(turned) if isinstance(handle.value, Logic) else LogicArray(turned)))

    # ---- what became of it

    async def _leave(self, heard: dict, said: dict, counters: dict[str, int]) -> None:
        """Everybody leaves; what differs from the good round is the outcome."""
        outcome, slots = self.outcome, range(self.job.die.slots)
        outcome.lost = sorted(self.active)
        if not outcome.lost:
            await self._rest()
        self.check()
        for slot in slots:
            if wrong := self._wrong(heard, slot, slot in outcome.lost):
                pos, layer, stage = min(wrong)
                outcome.stages[slot] = f"token {pos}, layer {layer}, {Stage(stage).name.lower()}"
                if {stage for _, _, stage in wrong} & SIGNED:
                    outcome.streams.append(slot)
            mine, theirs = self.said[slot], said[slot]
            if mine != (theirs[: len(mine)] if slot in outcome.lost else theirs):
                outcome.answers.append(slot)
        try:
            outcome.flags = sorted({*outcome.flags, *flags(await self.host.read("ERRORS"))})
            if not outcome.lost:
                await self._hold_registers(counters)
        except Refused as trouble:
            self._tell(str(trouble))
        except Mismatch as trouble:
            self._tell(str(trouble), False)

    def _wrong(self, heard: dict, slot: int, hung: bool) -> list[tuple[int, int, int]]:
        """Where a slot's values are not the good round's; (position, layer, stage) of the first of each stage."""
        found = []
        for key in {key for key in (*heard, *self.heard) if key[0] == slot}:
            mine, theirs = self.heard.get(key, []), heard.get(key, [])
            if self.outcome.restarted:  # what was lost comes again
                theirs = [one for one in mine if one in theirs]
            pairs = zip(mine, theirs, strict=False)
            first = next((at for at, (one, other) in enumerate(pairs) if one != other), None)
            if first is None and len(mine) != len(theirs) and not (hung and len(mine) < len(theirs)):
                first = min(len(mine), len(theirs))
            if first is not None:
                record = (mine if first < len(mine) else theirs)[first]
                found.append((int.from_bytes(record[:2], "little"), key[1], key[2]))
        return found

    async def _hold_registers(self, counters: dict[str, int]) -> None:
        """After a round that has ended: what the port says of it, and whether its slots can be given back."""
        for name, value in (await self._counters()).items():
            if value != counters[name] and not self.outcome.restarted:
                self.outcome.counts.append(f"{name} is {value}, not {counters[name]}")
        if not await self.host.read("STATUS"):
            self._tell("the die is not idle")
        for slot in range(self.job.die.slots):
            await self.host.write("SLOT.CTRL", Command.CLOSE, slot)
            if position(await self.host.read("SLOT.STATUS", slot)) != (State.CLOSED, 0):
                self._tell(f"slot {slot} is not closed")
