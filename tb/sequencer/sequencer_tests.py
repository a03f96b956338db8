# SPDX-License-Identifier: Apache-2.0
"""The sequencer between a host and layers that answer every token which asks, as hdl/sequencer.sv says.

The layers are played by the bench: the answer to a token is a function of it, its slot and its position.
"""

import itertools
import random
from collections import defaultdict, deque

import cocotb
from cocotb.triggers import ClockCycles, FallingEdge, ReadOnly, RisingEdge

from tb.evidence.coverage.ends import WatchedSink, WatchedSource
from tb.evidence.coverage.points import sequencer as cover
from tb.rig.beats import pack
from tb.rig.bundles import NO_TOKEN, TOKEN_W, Answer, End, Prompt, Sample, Tag
from tb.rig.stream import STALLS, reset

STOPS = (7, 11, 13, NO_TOKEN)


def answer(token: int, tag: Tag) -> int:
    """What the layers answer: any token that is no stop token, unless the input is 100 + a stop's index."""
    if 100 <= token < 104:
        return STOPS[token - 100]
    return 1000 + (token * 40503 + tag.slot * 7 + tag.pos) % 16_000_000


class SlotTalk:
    """What a slot must do: the inputs that the layers get and the answers that the host gets.

    Its adapter counts with the first token, its way to choose with the last; beside all others is noise. One that goes
    on, after ``before``, keeps the adapter.
    """

    def __init__(self, slot: int, depth: int, before: "SlotTalk | None" = None) -> None:
        self.slot, self.depth, self.pos = slot, depth, before.pos if before else 0
        self.begins = 0  # the position that its first token says
        self.adapter = before.adapter if before else random.randrange(16)
        self.sample = random.choice((Sample.random(), Sample.random()._replace(top_k=1)))
        self.inputs: list[tuple[Tag, int]] = []
        self.answers: list[Answer] = []
        self.beats: list[Prompt] = []

    def prompt(self, tokens: list[int], max_new: int, first: bool = True) -> "SlotTalk":
        """Say ``tokens`` and follow the answer to its end."""
        self.pos = self.begins if first else self.pos
        for i, token in enumerate(tokens):
            last = i == len(tokens) - 1
            opens = first and i == 0
            beat = Prompt.random()._replace(slot=self.slot, token=token, first=int(opens), last=int(last))
            if opens:
                beat = beat._replace(adapter=self.adapter, pos=self.begins)
            if last:
                beat = beat._replace(max_new=max_new, sample=self.sample)
            self.beats.append(beat)
            if self.pos < self.depth:
                tag = Tag(adapter=self.adapter, gen=int(last), slot=self.slot, pos=self.pos)
                self.inputs.append((tag, token))
                self.pos += 1
            elif last:
                self.answers.append(Answer(slot=self.slot, pos=self.pos, token=token, reason=End.CONTEXT))
                return self
        token, left = tokens[-1], max_new
        while True:
            token = answer(token, Tag(gen=1, slot=self.slot, pos=self.pos - 1))
            full = End.CONTEXT if self.pos == self.depth else End.NONE
            end = End.STOP if token in STOPS else End.LIMIT if left <= 1 else full
            self.answers.append(Answer(slot=self.slot, pos=self.pos, token=token, reason=end))
            if end:
                return self
            self.inputs.append((Tag(adapter=self.adapter, gen=1, slot=self.slot, pos=self.pos), token))
            self.pos, left = self.pos + 1, left - 1

    def cut(self, offered: int) -> bool:
        """End the answer with the token that follows the ``offered`` ones. Whether there is one."""
        if offered >= len(self.answers):
            return False
        last = self.answers[offered]
        self.inputs = self.inputs[: len(self.inputs) - (len(self.answers) - offered - 1)]
        reason = End.STOP if last.reason == End.STOP else End.LIMIT
        self.answers = [*self.answers[:offered], last._replace(reason=reason)]
        return True


class SequencerBench:
    """Host and layers around the module."""

    def __init__(self, dut, stall):
        self.dut, self.slots = dut, int(dut.SLOTS.value)
        dut.stop_ids_i.value = pack(STOPS, TOKEN_W)
        self.host = WatchedSource(dut, ("prompt",), prefix="host_", stall=stall)
        self.out = WatchedSink(dut, ("answer",), prefix="out_", stall=stall)
        self.layers = WatchedSink(dut, ("tag", "token"), stall=stall)
        self.results = WatchedSource(dut, ("tag", "token"), prefix="res_", stall=stall)
        self.inputs = defaultdict(list)
        self.samples = {}  # slot -> how its conversation chooses
        self.offered = defaultdict(int)  # slot -> tokens of its answer that the host has seen, taken or not
        self.ended = {}  # slot -> how its last conversation did
        self.answering = True  # the layers do
        self.upsets = 0.0  # how often an answer comes under a broken tag before it comes as it should
        self.broken = self.told = 0  # such answers; clocks of parted_o
        self.waiting = 0  # answers on their way back into the layers
        dut.cut_i.value = dut.sample_slot_i.value = 0

    async def start(self):
        await reset(self.dut)
        cocotb.start_soon(self._layers())
        cocotb.start_soon(self._watch())

    async def _layers(self):
        """Answer every token that asks, in order, and see how its slot wants it to be chosen."""
        due = deque()
        while True:
            await RisingEdge(self.dut.clk_i)
            while self.layers.beats:
                bits, token = self.layers.beats.popleft()
                tag = Tag.unpack(bits)
                self.inputs[tag.slot].append((tag, token))
                if tag.gen:
                    due.append((bits, token))
            while due and self.answering:
                bits, token = due.popleft()
                tag = Tag.unpack(bits)
                self.dut.sample_slot_i.value = tag.slot
                await RisingEdge(self.dut.clk_i)
                sample = Sample.unpack(self.dut.sample_o.value.to_unsigned())
                assert sample == self.samples[tag.slot], f"slot {tag.slot}: sampled as {sample}"
                if random.random() < self.upsets:
                    self.results.send((tag.broken().pack(), answer(token, tag)))
                    self.broken += 1
                self.results.send((bits, answer(token, tag)))

    async def _watch(self):
        """Count what is offered and what waits, and see that prompts and answers take turns into the layers.

        After a token of one kind, the other goes next if it was waiting.
        """
        due, waits = None, False
        while True:
            await RisingEdge(self.dut.clk_i)
            moves, room = int(self.dut.valid_o.value) and int(self.dut.ready_i.value), int(self.dut.host_wants.value)
            if moves:
                prompt = bool(room) and bool(int(self.dut.host_ready_o.value))
                assert due in (None, prompt), "prompts and answers do not take turns"
                due = None if not (self.waiting if prompt else room) else not prompt
                if due is not None:
                    cover.sample_turn(due)
                self.waiting -= not prompt
            self.told += int(self.dut.parted_o.value)
            offer = self.offer()
            if offer and not waits:
                self.offered[offer.slot] += 1
            taken = offer and int(self.dut.out_ready_i.value)
            waits = offer and not taken
            if taken and offer.reason == End.NONE:
                self.waiting += 1
                cover.sample_waiting(self.waiting, self.slots)

    def offer(self) -> Answer | None:
        """What the host is offered in this clock."""
        return Answer.unpack(int(self.dut.out_answer_o.value)) if int(self.dut.out_valid_o.value) else None

    async def cut(self, slot):
        """Cut the slot's answer; how many of its tokens were offered by then, and whether the last still waits."""
        self.dut.cut_i.value = 1 << slot
        await RisingEdge(self.dut.clk_i)
        offer = self.offer()
        waits = offer is not None and offer.slot == slot and not int(self.dut.out_ready_i.value)
        await ReadOnly()
        offered = self.offered[slot], waits
        await FallingEdge(self.dut.clk_i)
        self.dut.cut_i.value = 0
        return offered

    async def hold(self, *conversations):
        """Say the conversations' prompts side by side, and hold the inputs and answers of every slot."""
        self.say(*conversations)
        await self.follow(*conversations)

    def say(self, *conversations):
        """Send the conversations' prompts, token by token in random order."""
        queues = [list(conversation.beats) for conversation in conversations]
        for conversation in conversations:
            self.samples[conversation.slot], self.offered[conversation.slot] = conversation.sample, 0
        while any(queues):
            queue = random.choice([queue for queue in queues if queue])
            self.host.send((queue.pop(0).pack(),))

    async def follow(self, *conversations):
        """Hold the inputs and answers of every slot."""
        got = defaultdict(list)
        for (bits,) in await self.out.receive(sum(len(conversation.answers) for conversation in conversations)):
            taken = Answer.unpack(bits)
            got[taken.slot].append(taken)
        await self.out.expect_silence()
        for conversation in conversations:
            slot = conversation.slot
            cover.sample(conversation, self.ended.get(slot), len(conversations) - 1, STOPS)
            self.ended[slot] = conversation.answers[-1].reason
            assert got[slot] == conversation.answers, f"slot {slot}: answers {got[slot]} for {conversation.answers}"
            assert self.inputs.pop(slot, []) == conversation.inputs, (
                f"slot {slot}: the layers did not get the right tokens"
            )


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def side_by_side(dut, stall):
    """Two slots at a time, random prompts and lengths, all the ways in which an answer ends."""
    bench, depth = SequencerBench(dut, stall), int(dut.DEPTH.value)
    await bench.start()
    for _ in range(6):
        limits = (random.randint(1, 9), 100)
        prompts = [random.choices([*range(200, 400), *range(100, 104)], k=random.randint(1, 9)) for _ in limits]
        cases = enumerate(zip(prompts, limits, strict=True))
        await bench.hold(*(SlotTalk(slot, depth).prompt(tokens, limit) for slot, (tokens, limit) in cases))


@cocotb.test()
async def ends(dut):
    """Every stop token; a limit of one; a limit that coincides with the end of the context; the end of the context."""
    bench, depth = SequencerBench(dut, "none"), int(dut.DEPTH.value)
    await bench.start()
    for stop in range(4):
        await bench.hold(SlotTalk(1, depth).prompt([200, 100 + stop], 50))
    await bench.hold(SlotTalk(0, depth).prompt([200, 201, 202], 1))
    await bench.hold(SlotTalk(0, depth).prompt([200, 201, 202], depth - 3))
    await bench.hold(SlotTalk(0, depth).prompt([200, 201, 202], depth - 2))
    await bench.hold(SlotTalk(0, depth).prompt([200, 201, 202], depth))
    await bench.hold(SlotTalk(0, depth).prompt([203] * depth, 4))


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def refusal(dut, stall):
    """Prompts longer than the context are swallowed and refused once; the slot and its neighbour go on afterwards."""
    bench, depth = SequencerBench(dut, stall), int(dut.DEPTH.value)
    await bench.start()
    long = SlotTalk(0, depth).prompt(list(range(200, 200 + depth + 3)), 5)
    assert [one.reason for one in long.answers] == [End.CONTEXT]
    await bench.hold(long)
    await bench.hold(SlotTalk(1, depth).prompt([300, 301], 2))
    await bench.hold(SlotTalk(0, depth).prompt([302], 3))


@cocotb.test()
async def second_turn(dut):
    """A prompt without ``first`` goes on where the slot's last input was."""
    bench, depth = SequencerBench(dut, "some"), int(dut.DEPTH.value)
    await bench.start()
    opened = SlotTalk(0, depth).prompt([200, 201], 2)
    await bench.hold(opened)
    await bench.hold(SlotTalk(0, depth, opened).prompt([210, 211], 2, first=False))


@cocotb.test()
async def restarted(dut):
    """The first token of a prompt says where it goes, whatever the slot did before: any position, and the full one."""
    bench, depth = SequencerBench(dut, "some"), int(dut.DEPTH.value)
    await bench.start()
    for at in range(1, depth):
        await bench.hold(SlotTalk(0, depth).prompt([200, 201], 2))
        talk = SlotTalk(0, depth)
        talk.begins = at
        await bench.hold(talk.prompt([210, 211][: depth - at], 2), SlotTalk(1, depth).prompt([300], 3))
        await bench.hold(SlotTalk(0, depth, talk).prompt([220], 2, first=False))


@cocotb.test()
async def every_transition(dut):
    """Every way to end after every other, in a slot that is opened anew, and in one that goes on, full or not."""
    bench, depth = SequencerBench(dut, "some"), int(dut.DEPTH.value)
    await bench.start()
    talks = {End.STOP: ([200, 100], 0xFFFF), End.LIMIT: ([200, 201], 2), End.CONTEXT: ([203] * depth, 4)}
    for slot, before, after in itertools.product((0, 1), talks, talks):
        opened = SlotTalk(slot, depth).prompt(*talks[before])
        await bench.hold(opened)
        await bench.hold(SlotTalk(slot, depth, opened).prompt([210], 2, first=False))
        await bench.hold(SlotTalk(slot, depth).prompt(*talks[before]))
        await bench.hold(SlotTalk(slot, depth).prompt(*talks[after]))


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def cuts(dut, stall):
    """A cut at any moment: the slot's answer ends with its next token, its neighbour's and its own next one do not."""
    bench, depth = SequencerBench(dut, stall), int(dut.DEPTH.value)
    await bench.start()
    for moment in [*range(14), *(random.randrange(80) for _ in range(20))]:
        talks = [SlotTalk(slot, depth).prompt([200 + slot], 100) for slot in (0, 1)]
        bench.say(*talks)
        while not any(tag.slot == 0 for tag, _ in bench.inputs[0]):
            await RisingEdge(dut.clk_i)
        await ClockCycles(dut.clk_i, moment + 1)
        offered, waits = await bench.cut(0)
        cover.sample_cut(offered, waits, not talks[0].cut(offered))
        await bench.follow(*talks)
        await bench.hold(SlotTalk(0, depth).prompt([210], 4))


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def broken_tags(dut, stall):
    """What comes from the head under a broken tag is dropped and told, each once, and nobody's answer is another."""
    bench, depth = SequencerBench(dut, stall), int(dut.DEPTH.value)
    await bench.start()
    bench.upsets = 0.5
    while bench.broken < 20:
        await bench.hold(*(SlotTalk(slot, depth).prompt([200 + slot, 300], 6) for slot in (0, 1)))
    assert bench.told == bench.broken


@cocotb.test()
async def all_wait(dut):
    """Layers that take nothing while every slot answers: no answer is lost, and none waits to leave the head."""
    bench, depth = SequencerBench(dut, "none"), int(dut.DEPTH.value)
    await bench.start()
    talks = [SlotTalk(slot, depth).prompt([200 + slot], 100) for slot in range(bench.slots)]
    for _ in range(3):
        bench.answering = False
        bench.say(*talks)
        while sum(map(len, bench.inputs.values())) < sum(len(talk.beats) for talk in talks):
            await RisingEdge(dut.clk_i)
        bench.layers.paused, bench.answering = True, True
        accepted = bench.results.accepted
        await ClockCycles(dut.clk_i, 300)
        assert bench.results.accepted - accepted == bench.slots, "the head waits for the layers"
        assert bench.waiting == bench.slots
        bench.layers.paused = False
        await bench.follow(*talks)
        talks = [SlotTalk(slot, depth).prompt([300 + slot, 310], 5) for slot in range(bench.slots)]


@cocotb.test()
async def turns(dut):
    """A long prompt beside slots that answer without pause: it gets every other token's place, and so do they."""
    bench, depth = SequencerBench(dut, "none"), int(dut.DEPTH.value)
    await bench.start()
    *others, last = range(bench.slots)
    for _ in range(3):
        answers = [SlotTalk(slot, depth).prompt([200 + slot], 100) for slot in others]
        prompt = SlotTalk(last, depth).prompt([230] * depth, 1)
        bench.say(*answers)
        while len(bench.inputs[others[-1]]) < 1:
            await RisingEdge(dut.clk_i)
        bench.say(prompt)
        await bench.follow(*answers, prompt)
