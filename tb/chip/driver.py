# SPDX-License-Identifier: Apache-2.0
"""What drives a chip in simulation: conversations in, answers out, every stage against the golden model."""

import json
import os
import resource
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from cocotb.triggers import ClockCycles, RisingEdge, Timer

from models.checkpoint import checkpoint
from models.die.cycles import scanning
from models.golden.stage import Stage
from tb.chip.progress import Progress
from tb.evidence.coverage.points import chip as cover
from tb.oracle.conversation import Conversation, Job
from tb.oracle.golden import Golden
from tb.oracle.prompt import beats
from tb.oracle.scoreboard import Mismatch, Scoreboard
from tb.oracle.trace import Mark, Trace, TraceError
from tb.rig import clock
from tb.rig.beats import pack
from tb.rig.bundles import NO_TOKEN, STOP_TOKENS, TOKEN_W, Answer, End
from tb.rig.clock import PERIOD

ENDS = {End.STOP: "stop token", End.LIMIT: "token limit", End.CONTEXT: "context limit"}


class ChipBench:
    """Drives chip_bench: pushes prompts, collects answers, and checks the trace every ``poll`` clocks.

    The simulator goes on while a thread checks what it did before, where its clock leaves Python's lock alone.
    """

    more = False  # conversations beside those of the job

    def __init__(self, dut, job: Job, trace: Path, poll: int) -> None:
        self.dut, self.job, self.poll = dut, job, poll
        ckpt = checkpoint.load(job.model)
        self.shape = ckpt.shape
        self.golden = Golden(Path(os.environ["JOB"]).read_text(), self.more)
        self.trace = Trace(trace, ckpt.shape, job.die.lanes)
        self.board = Scoreboard(self.golden.expect)
        self.beside = ThreadPoolExecutor(1)
        self.following: Future | None = None
        self.answers: list[list[int]] = [[] for _ in job.conversations]
        self.ends: list[int | None] = [None] * len(job.conversations)
        self.active: dict[int, int] = {}  # slot -> conversation
        self.ended: dict[int, int] = {}  # slot -> how its last conversation did
        # Of every answer token: wall clock, cycle, position, conversation, clocks for candidates of the sampler's list.
        self.arrivals: list[tuple[float, int, int, int, int]] = []
        self.idle = 0  # polls without any stage value
        self.scanned: dict[tuple[int, int], int] = {}  # of the logits of a (slot, position)
        cover.sample_die(ckpt.shape, job.die, "output.weight" not in ckpt.tensors)
        self.progress = Progress(ckpt, headline(), len(job.conversations) == 1)

    async def start(self) -> None:
        """Clock and reset."""
        dut = self.dut
        dut.push_i.value = dut.pop_i.value = dut.stall_i.value = dut.load_i.value = 0
        dut.push_prompt_i.value = 0
        self.rest()
        dut.rst_i.value = 1
        clock.start(dut.clk_i)
        await Timer(PERIOD * 6, unit="ns")
        await RisingEdge(dut.clk_i)
        dut.rst_i.value = 0
        await ClockCycles(dut.clk_i, 3)  # not a time: what is driven at the time of an edge may come before or after it
        if self.job.adapters:
            dut.load_i.value = 1
            while not int(dut.loaded_o.value):
                await Timer(PERIOD * self.poll, unit="ns")
            await RisingEdge(dut.clk_i)
        await self.prepare()

    def rest(self) -> None:
        """The pins that only this kind of bench has, before reset."""
        self.dut.stop_ids_i.value = pack(self.stops(), TOKEN_W)

    async def prepare(self) -> None:
        """After reset, before the first conversation."""

    def stops(self) -> list[int]:
        """The stop tokens of a chip, repeated to fill them; no token has this id if there are none."""
        return ((self.job.stop or [NO_TOKEN]) * STOP_TOKENS)[:STOP_TOKENS]

    async def push(self, index: int) -> None:
        """Queue conversation ``index`` of the job.

        What the slot's last one left comes first: its last answer may have been taken behind the check of that poll.
        """
        self.check()
        talk = self.job.conversations[index]
        self.active[talk.slot] = index
        await self.begin(talk)
        await self.send(talk)

    async def send(self, talk: Conversation) -> None:
        """Queue its tokens."""
        for prompt in beats(talk):
            while int(self.dut.full_o.value):
                await self.go_on()
            self.dut.push_prompt_i.value = prompt.pack()
            self.dut.push_i.value = 1
            await RisingEdge(self.dut.clk_i)
            self.dut.push_i.value = 0
            await RisingEdge(self.dut.clk_i)

    async def begin(self, talk: Conversation) -> None:
        """Before the tokens of a conversation: the chip learns all from its tokens."""

    def figures(self) -> dict:
        """What only this kind of bench reports."""
        dut = self.dut
        return {"layers_busy": int(dut.busy_o.value) / (self.shape.layers * int(dut.cycles_o.value))}

    async def step(self) -> None:
        """Let the chip run for ``poll`` clocks, then begin to check what it did and take what it answered."""
        await Timer(PERIOD * self.poll, unit="ns")
        self.follow()
        await RisingEdge(self.dut.clk_i)
        while int(self.dut.avail_o.value):
            self.take(Answer.unpack(int(self.dut.pop_answer_o.value)), int(self.dut.pop_cycle_o.value))
            self.dut.pop_i.value = 1
            await RisingEdge(self.dut.clk_i)
            self.dut.pop_i.value = 0
            await RisingEdge(self.dut.clk_i)

    def check(self) -> None:
        """Hold everything that the stages put out so far against the golden model."""
        self.catch_up()
        self._hold(self.trace.mark())

    def follow(self) -> None:
        """Begin to: what differs is told by the next one."""
        self.catch_up()
        self.progress.line(self.board)
        self.following = self.beside.submit(self._hold, self.trace.mark())

    def catch_up(self) -> None:
        """Wait for what was begun."""
        begun, self.following = self.following, None
        if begun:
            begun.result()

    def _hold(self, mark: Mark) -> None:
        observed = list(self.trace.read(mark))
        cover.sample_stages(observed, self.shape.layers, self.job.die.kv_depth)
        self.board.check(observed)
        for one in observed:  # which now are the golden model's
            place = one.place
            if place.stage is Stage.LOGITS and place.slot in self.active:
                talk = self.job.conversations[self.active[place.slot]]
                logits = one.values[: self.shape.vocab]
                clocks = scanning(logits, talk.top_k, self.job.die.lanes) if talk.top_k > 1 else 0
                self.scanned[place.slot, place.pos] = clocks

    def take(self, answer: Answer, cycle: int) -> None:
        """An answer that left the chip in this cycle."""
        slot, token, end = answer.slot, answer.token, answer.reason
        if slot not in self.active or token >= self.shape.vocab:
            raise Mismatch(f"token {token} is answered to slot {slot}: no such token, or nobody waits for one")
        index = self.active[slot]
        if self.job.conversations[index].top_k > 1:
            self.catch_up()  # with the logits of this very answer
        self.answers[index].append(token)
        scanned = self.scanned.pop((slot, answer.pos - 1), 0)
        self.arrivals.append((time.perf_counter(), cycle, answer.pos, index, scanned))
        self.progress.token(index, token, end)
        if end:
            self.ends[index] = end
            del self.active[slot]
            talk = self.job.conversations[index]
            cover.sample(talk, self.job.die.kv_depth, end, self.ended.get(slot), len(self.active))
            self.ended[slot] = end

    async def until_done(self, idle_limit: int = 400) -> None:
        """Run until all queued conversations have ended. Watchdog: ``idle_limit`` polls without any stage value."""
        self.idle = 0
        while self.active:
            await self.go_on(idle_limit)

    async def go_on(self, idle_limit: int = 400) -> None:
        """``step``, and Mismatch if for so many polls no stage has put out anything."""
        seen = self.board.stages
        await self.step()
        self.idle = self.idle + 1 if self.board.stages == seen else 0
        if self.idle > idle_limit:
            raise Mismatch(f"the chip hangs: no stage put out anything for {self.idle * self.poll} clocks")

    async def drain(self) -> None:
        """Let the last tokens leave, then see that nothing is missing and all answers are golden, without errors."""
        for _ in range(400):
            if int(self.dut.idle_o.value):
                break
            await self.step()
        self.check()
        self.board.finish()
        if names := self.trace.unfinished():
            raise Mismatch(f"beats are missing of {names[0]}")
        self.hold_answers()
        await self.hold_flags()

    def hold_answers(self) -> None:
        """Every answer is golden."""
        for index in range(len(self.answers)):
            self.hold_answer(index)

    def hold_answer(self, index: int) -> None:
        """So is that to conversation ``index``."""
        golden, tokens, end = self.golden.answer(index), self.answers[index], self.ends[index]
        if (tokens, end) != (golden.tokens, golden.end):
            expected, got = f"{golden.tokens} ({ENDS[golden.end]})", f"{tokens} ({ENDS.get(end)})"
            raise Mismatch(f"conversation {index}: expected {expected}, got {got}")

    async def hold_flags(self) -> None:
        """No SRAM tells of a wrong bit: none has flipped."""
        for name in ("corrected", "failed"):
            if count := int(getattr(self.dut, f"{name}_o").value):
                raise Mismatch(f"{count} SRAM words are told to be {name}, and no bit has flipped")


def headline() -> str:
    """What stands above the answers, from the file that the environment names; '' where nothing is shown."""
    return Path(os.environ["ECHO"]).read_text(errors="surrogateescape") if os.environ.get("ECHO") else ""


async def run(dut, schedule, kind: type[ChipBench] = ChipBench) -> None:
    """The job of the environment on a chip, driven by a ``kind`` of bench as the coroutine ``schedule(bench)`` says.

    Leaves the report of a run without a fault in the file that the environment names.
    """
    job = Job.from_json(Path(os.environ["JOB"]).read_text())
    bench = kind(dut, job, Path(os.environ["TRACE"]), int(os.environ.get("POLL", "1000")))
    try:
        await bench.start()
        started = time.perf_counter()
        await schedule(bench)
        await bench.drain()
    except (Mismatch, TraceError):
        bench.progress.clear()
        bench.catch_up()  # a stage that differs is named first
        raise
    finally:
        bench.golden.close()
        bench.beside.shutdown()
    report = {
        "conversations": [
            {"slot": talk.slot, "prompt": talk.tokens, "answer": answer, "end": ENDS[end]}
            for talk, answer, end in zip(job.conversations, bench.answers, bench.ends, strict=True)
        ],
        "tokens_through_layers": bench.board.tokens,
        "stages_compared": bench.board.stages,
        "values_compared": bench.board.values,
        "mismatches": 0,
        "cycles": int(dut.cycles_o.value),
        "seconds": time.perf_counter() - started,
        "peak_memory_bytes": 1024
        * sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)),
        "arrivals": bench.arrivals,
    }
    Path(os.environ["REPORT"]).write_text(json.dumps(report | bench.figures()))
