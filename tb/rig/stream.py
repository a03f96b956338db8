# SPDX-License-Identifier: Apache-2.0
"""Ends of valid/ready streams.

Signals are driven and sampled on the rising clock edge, never on edges of valid or ready. Names follow hdl/: a stream
``x_`` into a module is ``x_valid_i``, ``x_ready_o`` and its fields (``x_tag_i``, ``x_data_i``), one out of it
``x_valid_o``, ``x_ready_i`` and fields ``..._o``.
"""

import random
from collections import deque
from collections.abc import Callable

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, Event, FallingEdge, RisingEdge
from cocotb.utils import get_sim_time

from tb.rig.beats import check, pack, unpack
from tb.rig.bundles import PACKAGE, Tag

STALLS = ("none", "some", "heavy")
FX_W = PACKAGE.constant("FX_W")
PATIENCE = 5000  # clocks without a beat after which a sink that waits for one gives up
Watch = Callable[[bool, bool], None]  # is told valid and ready of a stream in every clock


async def reset(dut, cycles: int = 3) -> None:
    """Start the clock and hold the synchronous reset; sources and sinks made before it start when it ends."""
    cocotb.start_soon(Clock(dut.clk_i, 10, "ns").start(start_high=False))
    dut.rst_i.value = 1
    await ClockCycles(dut.clk_i, cycles)
    dut.rst_i.value = 0


async def watch_busy(dut) -> None:
    """For ever: a module that offers a beat says that it is busy."""
    while True:
        await RisingEdge(dut.clk_i)
        assert int(dut.busy_o.value) or not int(dut.valid_o.value), "a beat is offered by a module at rest"


def _stalls(kind: str):
    """Endless generator of "stall this clock?": never, one clock in three, or long bursts."""
    rng = random.Random(random.getrandbits(32))
    while True:
        if kind == "none":
            yield False
        elif kind == "some":
            yield rng.random() < 1 / 3
        else:
            yield from [True] * rng.randint(1, 24)
            yield from [False] * rng.randint(1, 2)


def _lanes(fields: list) -> int:
    """FX values of a beat, whose signals are (tag, data)."""
    return len(fields[-1]) // FX_W


class StreamSource:
    """Drives a stream into a module. A beat is a tuple of integers, one for each of ``fields``."""

    def __init__(
        self,
        dut,
        fields: tuple[str, ...] = ("tag", "data"),
        *,
        prefix: str = "",
        stall: str = "none",
        watch: Watch | None = None,
    ) -> None:
        self.valid, self.ready = getattr(dut, f"{prefix}valid_i"), getattr(dut, f"{prefix}ready_o")
        self.fields = [getattr(dut, f"{prefix}{field}_i") for field in fields]
        self.beats: deque[tuple[int, ...]] = deque()
        self.clock = 0  # clocks since reset
        self.accepted = 0  # beats
        self.accepted_at = 0  # the clock of the last of them
        self._stalls = _stalls(stall)
        self._watch = watch
        self.valid.value = 0
        for signal in self.fields:
            signal.value = 0
        self._task = cocotb.start_soon(self._run(dut))

    def stop(self) -> None:
        """Drive nothing any more."""
        self._task.cancel()

    def send(self, *beats: tuple[int, ...]) -> None:
        """Queue beats."""
        self.beats.extend(beats)

    def send_vector(self, tag: Tag, values: np.ndarray) -> None:
        """Queue the beats of one vector of FX values."""
        lanes = _lanes(self.fields)
        self.send(*((tag.pack(), pack(values[i : i + lanes])) for i in range(0, len(values), lanes)))

    async def _run(self, dut) -> None:
        await FallingEdge(dut.rst_i)
        offered = False
        while True:
            await RisingEdge(dut.clk_i)
            self.clock += 1
            ready = offered and bool(int(self.ready.value))
            if self._watch:
                self._watch(offered, ready)
            if offered:
                if not ready:
                    continue
                self.accepted, self.accepted_at = self.accepted + 1, self.clock
            was, offered = offered, bool(self.beats) and not next(self._stalls)
            self.valid.value = int(offered)
            if offered or was:
                # Without valid the fields mean nothing: noise shows who reads them all the same.
                for signal, bits in zip(self.fields, self.beats.popleft() if offered else self._noise(), strict=True):
                    signal.value = bits

    def _noise(self) -> list[int]:
        return [random.getrandbits(len(signal)) for signal in self.fields]


class Accepted(tuple):
    """The fields of an accepted beat, and ``time``, the simulated ns at which it was accepted."""

    time: float


class StreamSink:
    """Takes a stream from a module and holds it to the protocol: a beat stays as it is until it is accepted."""

    def __init__(
        self,
        dut,
        fields: tuple[str, ...] = ("tag", "data"),
        *,
        prefix: str = "",
        stall: str = "none",
        patience: int = PATIENCE,
        watch: Watch | None = None,
    ) -> None:
        self.valid, self.ready = getattr(dut, f"{prefix}valid_o"), getattr(dut, f"{prefix}ready_i")
        self.fields = [getattr(dut, f"{prefix}{field}_o") for field in fields]
        self.name = f"{prefix}valid_o"
        self.beats: deque[Accepted] = deque()
        self.clock = 0  # clocks since reset
        self.accepted_at = 0  # the clock of the last accepted beat
        self.paused = False  # takes nothing for the time being
        self.in_reset = False  # what it stands for is: a beat may be withdrawn
        self._dut, self._patience = dut, patience
        self._stalls = _stalls(stall)
        self._watch = watch
        self._wanted = 0
        self._got = Event()
        self.ready.value = 0
        self._task = cocotb.start_soon(self._run())

    def stop(self) -> None:
        """Take nothing any more."""
        self._task.cancel()

    async def receive(self, count: int) -> list[Accepted]:
        """The next ``count`` beats. AssertionError if none comes for ``patience`` clocks."""
        self._wanted, self.accepted_at = count, self.clock
        while len(self.beats) < count:
            self._got.clear()
            await self._got.wait()
        self._wanted = 0
        return [self.beats.popleft() for _ in range(count)]

    async def expect_vector(self, tag: Tag, values: np.ndarray) -> None:
        """Receive one vector of FX values and hold it against ``values``, and the tag of every beat against ``tag``."""
        lanes = _lanes(self.fields)
        for index, beat in enumerate(await self.receive(len(values) // lanes)):
            bits, data = beat
            assert Tag.unpack(bits) == tag, f"beat {index} has {Tag.unpack(bits)}, not {tag}"
            check(unpack(data, lanes), values[index * lanes : (index + 1) * lanes], f"{tag}, beat {index}", beat.time)

    async def expect_silence(self, clocks: int = 50) -> None:
        """No beat is left over, and none comes for so many clocks."""
        await ClockCycles(self._dut.clk_i, clocks)
        assert not self.beats, f"{self.name}: {len(self.beats)} beats that nobody asked for"

    async def _run(self) -> None:
        await FallingEdge(self._dut.rst_i)
        ready, waiting = False, None
        while True:
            await RisingEdge(self._dut.clk_i)
            self.clock += 1
            beat = Accepted(int(signal.value) for signal in self.fields) if int(self.valid.value) else None
            kept = waiting is None or beat == waiting or self.in_reset
            assert kept, f"{self.name}: a waiting beat was withdrawn or changed"
            waiting = beat
            if self._watch:
                self._watch(beat is not None, ready)
            if ready and beat is not None:
                waiting, self.accepted_at = None, self.clock
                beat.time = get_sim_time("ns")
                self.beats.append(beat)
                self._got.set()
            idle = self.clock - self.accepted_at
            assert not self._wanted or idle < self._patience, f"{self.name}: no beat for {idle} clocks"
            ready = not next(self._stalls) and not self.paused
            self.ready.value = int(ready)
