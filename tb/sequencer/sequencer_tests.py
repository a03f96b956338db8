"""The sequencer between a host and layers that answer every token which asks, as hdl/sequencer.sv says.

The layers are played by the bench: the answer to a token is a function of it, its slot and its position.
"""

import itertools
import random
from collections import defaultdict

import cocotb
from cocotb.triggers import RisingEdge

from tb.coverage.points import sequencer as cover
from tb.stream import STALLS, StreamSink, StreamSource, Tag, reset

TOKEN_W = 24
STOPS = (7, 11, 13, (1 << TOKEN_W) - 1)
NONE, STOP, LIMIT, CONTEXT = range(4)
HOST = ("slot", "token", "first", "last", "max_new")
OUT = ("slot", "pos", "token", "end")


def answer(token: int, tag: Tag) -> int:
    """What the layers answer: any token that is no stop token, unless the input is 100 + a stop's index."""
    if 100 <= token < 104:
        return STOPS[token - 100]
    return 1000 + (token * 40503 + tag.slot * 7 + tag.pos) % 16_000_000


class Conversation:
    """What a slot must do: the inputs that the layers get and the answers that the host gets."""

    def __init__(self, slot: int, depth: int, pos: int = 0) -> None:
        self.slot, self.depth, self.pos = slot, depth, pos
        self.inputs: list[tuple[Tag, int]] = []
        self.answers: list[tuple[int, int, int, int]] = []
        self.beats: list[tuple[int, ...]] = []

    def prompt(self, tokens: list[int], max_new: int, first: bool = True) -> "Conversation":
        """Say ``tokens`` and follow the answer to its end."""
        self.pos = 0 if first else self.pos
        for i, token in enumerate(tokens):
            last = i == len(tokens) - 1
            self.beats.append((self.slot, token, int(first and i == 0), int(last), max_new if last else 0))
            if self.pos < self.depth:
                self.inputs.append((Tag(int(last), self.slot, self.pos), token))
                self.pos += 1
            elif last:
                self.answers.append((self.slot, self.pos, token, CONTEXT))
                return self
        token, left = tokens[-1], max_new
        while True:
            token = answer(token, Tag(1, self.slot, self.pos - 1))
            end = STOP if token in STOPS else LIMIT if left <= 1 else CONTEXT if self.pos == self.depth else NONE
            self.answers.append((self.slot, self.pos, token, end))
            if end != NONE:
                return self
            self.inputs.append((Tag(1, self.slot, self.pos), token))
            self.pos, left = self.pos + 1, left - 1


class Bench:
    """Host and layers around the module."""

    def __init__(self, dut, stall):
        self.dut = dut
        dut.stop_ids_i.value = sum(stop << i * TOKEN_W for i, stop in enumerate(STOPS))
        self.host = StreamSource(dut, HOST, prefix="host_", stall=stall)
        self.out = StreamSink(dut, OUT, prefix="out_", stall=stall)
        self.layers = StreamSink(dut, ("tag", "token"), stall=stall)
        self.results = StreamSource(dut, ("tag", "token"), prefix="res_", stall=stall)
        self.inputs = defaultdict(list)
        self.ended = {}  # slot -> how its last conversation did

    async def start(self):
        await reset(self.dut)
        cocotb.start_soon(self._layers())

    async def _layers(self):
        """Answer every token that asks, in order."""
        while True:
            await RisingEdge(self.dut.clk_i)
            while self.layers.beats:
                bits, token = self.layers.beats.popleft()
                tag = Tag.unpack(bits)
                self.inputs[tag.slot].append((tag, token))
                if tag.gen:
                    self.results.send((bits, answer(token, tag)))

    async def hold(self, *conversations):
        """Say the conversations' prompts side by side, and hold the inputs and answers of every slot."""
        queues = [list(conversation.beats) for conversation in conversations]
        while any(queues):
            queue = random.choice([queue for queue in queues if queue])
            self.host.send(queue.pop(0))
        got = defaultdict(list)
        for beat in await self.out.receive(sum(len(conversation.answers) for conversation in conversations)):
            got[beat[0]].append(beat)
        await self.out.expect_silence()
        for conversation in conversations:
            slot = conversation.slot
            cover.sample(conversation, self.ended.get(slot), len(conversations) - 1, STOPS)
            self.ended[slot] = conversation.answers[-1][-1]
            assert got[slot] == conversation.answers, f"slot {slot}: answers {got[slot]} for {conversation.answers}"
            assert self.inputs.pop(slot, []) == conversation.inputs, (
                f"slot {slot}: the layers did not get the right tokens"
            )


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def side_by_side(dut, stall):
    """Two slots at a time, random prompts and lengths, all the ways in which an answer ends."""
    bench, depth = Bench(dut, stall), int(dut.DEPTH.value)
    await bench.start()
    for _ in range(6):
        limits = (random.randint(1, 9), 100)
        prompts = [random.choices([*range(200, 400), *range(100, 104)], k=random.randint(1, 9)) for _ in limits]
        cases = enumerate(zip(prompts, limits, strict=True))
        await bench.hold(*(Conversation(slot, depth).prompt(tokens, limit) for slot, (tokens, limit) in cases))


@cocotb.test()
async def ends(dut):
    """Every stop token; a limit of one; a limit that coincides with the end of the context; the end of the context."""
    bench, depth = Bench(dut, "none"), int(dut.DEPTH.value)
    await bench.start()
    for stop in range(4):
        await bench.hold(Conversation(1, depth).prompt([200, 100 + stop], 50))
    await bench.hold(Conversation(0, depth).prompt([200, 201, 202], 1))
    await bench.hold(Conversation(0, depth).prompt([200, 201, 202], depth - 3))
    await bench.hold(Conversation(0, depth).prompt([200, 201, 202], depth - 2))
    await bench.hold(Conversation(0, depth).prompt([200, 201, 202], depth))
    await bench.hold(Conversation(0, depth).prompt([203] * depth, 4))


@cocotb.test()
@cocotb.parametrize(stall=STALLS)
async def refusal(dut, stall):
    """Prompts longer than the context are swallowed and refused once; the slot and its neighbour go on afterwards."""
    bench, depth = Bench(dut, stall), int(dut.DEPTH.value)
    await bench.start()
    long = Conversation(0, depth).prompt(list(range(200, 200 + depth + 3)), 5)
    assert [end for *_, end in long.answers] == [CONTEXT]
    await bench.hold(long)
    await bench.hold(Conversation(1, depth).prompt([300, 301], 2))
    await bench.hold(Conversation(0, depth).prompt([302], 3))


@cocotb.test()
async def second_turn(dut):
    """A prompt without ``first`` goes on where the slot's last input was."""
    bench, depth = Bench(dut, "some"), int(dut.DEPTH.value)
    await bench.start()
    opened = Conversation(0, depth).prompt([200, 201], 2)
    await bench.hold(opened)
    await bench.hold(Conversation(0, depth, opened.pos).prompt([210, 211], 2, first=False))


@cocotb.test()
async def every_transition(dut):
    """Every way to end after every other, in a slot that is opened anew, and in one that goes on, full or not."""
    bench, depth = Bench(dut, "some"), int(dut.DEPTH.value)
    await bench.start()
    talks = {STOP: ([200, 100], 0xFFFF), LIMIT: ([200, 201], 2), CONTEXT: ([203] * depth, 4)}
    for slot, before, after in itertools.product((0, 1), talks, talks):
        opened = Conversation(slot, depth).prompt(*talks[before])
        await bench.hold(opened)
        await bench.hold(Conversation(slot, depth, opened.pos).prompt([210], 2, first=False))
        await bench.hold(Conversation(slot, depth).prompt(*talks[before]))
        await bench.hold(Conversation(slot, depth).prompt(*talks[after]))
