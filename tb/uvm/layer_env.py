# SPDX-License-Identifier: Apache-2.0
"""The environment of one decoder layer: vectors in, vectors out, every stage against the golden layer."""

from collections import deque

import numpy as np
from cocotb.triggers import RisingEdge

from models.die.cycles import Cycles
from models.golden.chip import Step
from models.golden.kv_sram import KvSram
from models.golden.layer import Layer
from models.golden.rope import table
from tb.rig.beats import pack, unpack
from tb.rig.bundles import Tag
from tb.uvm.config import Config
from tb.uvm.env import TokenEnv
from tb.uvm.reset_agent import Event
from tb.uvm.stream_agent import Seen, Stream

INDEX = 0  # which layer of the checkpoint


class LayerModel:
    """The golden layer: given the vectors that go into the design, it answers for them."""

    def __init__(self, config: Config) -> None:
        ckpt = config.ckpt
        self.shape, self.die = ckpt.shape, config.die
        self.layer = Layer(ckpt, INDEX, config.die, table(ckpt.shape, config.die.kv_depth))
        self.restart()

    def restart(self) -> None:
        """Forget all slots."""
        self.caches = [KvSram(self.shape, self.die) for _ in range(self.die.slots)]
        self.steps: dict[tuple[int, int], deque[Step]] = {}

    def take(self, tag: Tag, x: np.ndarray) -> None:
        """A vector has gone into the design: FX [d_model]."""
        out = self.layer(x[None], self.caches[tag.slot], tag.pos)
        stages = {(stage, INDEX): values[0].astype(np.int32) for stage, values in out.items()}
        self.steps.setdefault((tag.slot, tag.pos), deque()).append(Step(tag.slot, tag.pos, -1, stages, None))

    def expect(self, slot: int, pos: int) -> Step | None:
        """The oldest vector of a position that nobody asked for yet."""
        waiting = self.steps.get((slot, pos))
        return waiting.popleft() if waiting else None


class LayerEnv(TokenEnv):
    """Streams ``vectors`` into the layer and ``results`` out of it."""

    active = (Stream("vectors", "", ("tag", "data"), "into"), Stream("results", "", ("tag", "data"), "out"))

    def build_phase(self) -> None:
        super().build_phase()
        self.model = LayerModel(self.config)
        self.lanes = self.config.die.lanes
        self.model_beats = self.model.shape.d_model // self.lanes
        self.clocks = Cycles.of(self.model.shape, self.config.die, self.config.view, self.config.turn_clks)
        self.dut.id_i.value = INDEX
        self.dut.write_valid_i.value = self.dut.write_i.value = self.dut.sig_array_i.value = 0
        self._begin()

    def connect_phase(self) -> None:
        super().connect_phase()
        self.scoreboard.model = self.model

    def _begin(self) -> None:
        self.beats_in: list[tuple[int, ...]] = []
        self.beats_out = self.sent = 0  # since the last reset; vectors queued
        self.entered: deque[tuple[Tag, int]] = deque()  # tag and last clock of vectors inside

    def write_event(self, event: Event) -> None:
        super().write_event(event)
        if event.kind == "reset ends":
            self._begin()

    def write_beat(self, seen: Seen) -> None:
        super().write_beat(seen)
        if seen.stream == "vectors":
            self.beats_in.append(seen.beat)
            if len(self.beats_in) == self.model_beats:
                tag = Tag.unpack(seen.beat[0])
                self.model.take(tag, np.concatenate([unpack(data, self.lanes) for _, data in self.beats_in]))
                self.beats_in.clear()
                self.entered.append((tag, seen.clock))
            return
        self.beats_out += 1
        if self.beats_out % self.model_beats == 0:
            tag, clock = self.entered.popleft()
            left = Tag.unpack(seen.beat[0])
            assert left == tag, f"{left} has left the layer, {tag} is the oldest in it"
            if self.config.lone:
                self.cycles.hold(f"position {tag.pos}", seen.clock - clock, sum(self.clocks.stages(tag.pos).values()))

    def vector(self, tag: Tag, x: np.ndarray) -> list[tuple[int, ...]]:
        """The beats of a vector of FX values."""
        return [(tag.pack(), pack(x[i : i + self.lanes])) for i in range(0, len(x), self.lanes)]

    def busy(self) -> bool:
        return self.beats_out < self.sent * self.model_beats

    async def until_done(self) -> None:
        """Every vector that was sent has left."""
        while self.busy():
            await RisingEdge(self.dut.clk_i)

    def finish(self) -> None:
        """Everything was compared, and every beat that came was asked for."""
        assert self.beats_out == self.sent * self.model_beats, f"{self.beats_out} beats for {self.sent} vectors"
        self.scoreboard.finish()
        assert not self.config.lone or self.cycles.held, "the cycle model held nothing"
