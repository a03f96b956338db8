# SPDX-License-Identifier: Apache-2.0
"""The agent of one token stream: a driver around StreamSource or StreamSink of tb/rig/stream.py, and a monitor.

An active agent drives its end of the stream, a passive one only observes; both monitors are the same.
"""

from dataclasses import dataclass

from cocotb.triggers import RisingEdge
from pyuvm import (
    uvm_active_passive_enum,
    uvm_agent,
    uvm_analysis_port,
    uvm_component,
    uvm_driver,
    uvm_monitor,
    uvm_sequence_item,
    uvm_sequencer,
)

from tb.rig.stream import StreamSink, StreamSource


class ProtocolError(AssertionError):
    """A beat that waited was withdrawn or changed."""


@dataclass(frozen=True)
class Stream:
    """A stream of the design: which way it goes and what its signals are called.

    Attributes:
        name: for messages and components.
        prefix: of the signals' names, as in tb/rig/stream.py.
        fields: of a beat, in order.
        side: 'into' or 'out' of the design, or 'inside' it.
    """

    name: str
    prefix: str
    fields: tuple[str, ...]
    side: str

    def signals(self, dut) -> tuple:
        """(valid, ready, [field, ...]) handles."""
        ends = {"into": ("_i", "_o"), "out": ("_o", "_i"), "inside": ("", "")}[self.side]
        valid, *fields = (getattr(dut, f"{self.prefix}{name}{ends[0]}") for name in ("valid", *self.fields))
        return valid, getattr(dut, f"{self.prefix}ready{ends[1]}"), fields


@dataclass(frozen=True)
class Seen:
    """An accepted beat: the stream, its fields as integers, and the clock in which it was accepted."""

    stream: str
    beat: tuple[int, ...]
    clock: int


class Beats(uvm_sequence_item):
    """Beats for a stream, to be sent one after another."""

    def __init__(self, name: str, beats: list[tuple[int, ...]]) -> None:
        super().__init__(name)
        self.beats = beats


class StreamMonitor(uvm_monitor):
    """Publishes every accepted beat, and holds the stream to its protocol: a beat that waits stays as it is."""

    def build_phase(self) -> None:
        self.dut, self.stream = self.cdb_get("dut"), self.cdb_get("stream")
        self.port = uvm_analysis_port("port", self)
        self.clock = 0
        self.waits = False  # whether a beat is offered that nobody takes

    async def run_phase(self) -> None:
        valid, ready, fields = self.stream.signals(self.dut)
        waiting = None
        while True:
            await RisingEdge(self.dut.clk_i)
            self.clock += 1
            if int(self.dut.rst_i.value):
                waiting = None
                continue
            beat = tuple(int(field.value) for field in fields) if int(valid.value) else None
            name = self.stream.name
            if waiting not in (None, beat):
                raise ProtocolError(f"{name}: a waiting beat was withdrawn or changed")
            taken = beat is not None and int(ready.value)
            waiting = None if taken else beat
            self.waits = waiting is not None
            if taken:
                self.port.write(Seen(name, beat, self.clock))


class StreamDriver(uvm_driver):
    """Sends items into the design, as fast as the design and the stall profile let it."""

    def build_phase(self) -> None:
        self.dut, self.stream, self.stall = (self.cdb_get(name) for name in ("dut", "stream", "stall"))
        self.source: StreamSource | None = None

    def restart(self) -> None:
        """Forget what is not sent: a reset begins."""
        if self.source:
            self.source.stop()
        self.source = StreamSource(self.dut, self.stream.fields, prefix=self.stream.prefix, stall=self.stall)

    async def run_phase(self) -> None:
        while True:
            item = await self.seq_item_port.get_next_item()
            self.source.send(*item.beats)
            self.seq_item_port.item_done()


class StreamTaker(uvm_component):
    """Takes what the design gives, as fast as the stall profile lets it."""

    def build_phase(self) -> None:
        self.dut, self.stream, self.stall = (self.cdb_get(name) for name in ("dut", "stream", "stall"))
        self.sink: StreamSink | None = None

    def restart(self) -> None:
        """A reset begins."""
        if self.sink:
            self.sink.stop()
        self.sink = StreamSink(self.dut, self.stream.fields, prefix=self.stream.prefix, stall=self.stall)


class StreamAgent(uvm_agent):
    """Driver, sequencer and monitor of a stream into the design; taker and monitor of one out of it; or a monitor."""

    def build_phase(self) -> None:
        super().build_phase()
        stream = self.cdb_get("stream")
        self.monitor = StreamMonitor.create("monitor", self)
        self.driver = self.sequencer = None
        if self.is_active == uvm_active_passive_enum.UVM_ACTIVE and stream.side == "into":
            self.driver = StreamDriver.create("driver", self)
            self.sequencer = uvm_sequencer("sequencer", self)
        elif self.is_active == uvm_active_passive_enum.UVM_ACTIVE:
            self.driver = StreamTaker.create("driver", self)

    def connect_phase(self) -> None:
        if self.sequencer:
            self.driver.seq_item_port.connect(self.sequencer.seq_item_export)
