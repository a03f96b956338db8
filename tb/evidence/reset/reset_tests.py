# SPDX-License-Identifier: Apache-2.0
"""A design at power-on, in operation, and after resets in the middle of it. Icarus only: nothing else here has X.

The design is the chip, the die, which is the chip behind its host port, or one matrix in the gate view, whose modules
the chip of the ROM view has not.
"""

import json
import os
import random
import re
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge

from models.die.shape import LANES
from tb.evidence.reset.state import HANDSHAKES, OUTPUT, REGISTER, Signal, instances, module, own, signals
from tb.oracle.trace import FLUSH
from tb.rig.bundles import Prompt, Sample

RESET = 6  # clocks
TIMES = 2  # resets
INPUT = re.compile(r"(?!clk|rst)\w+_i")
RECORD = 4 * (LANES + 2)  # bytes: see hdl/stage_tap.sv

power_on: dict[str, str] = {}  # known registers after the first reset


class HostDriver:
    """Drives the chip: one conversation at a time, in slot 0. A beat is a prompt token."""

    into, out = "tok_", "out_"
    fields, results = ("prompt",), ("answer",)
    longest = 1000  # clocks after which a reset strikes, at most

    def beats(self, count: int) -> list[tuple[int, ...]]:
        """A prompt of random tokens that asks for one answer."""
        prompt = Prompt(max_new=1, sample=Sample(top_k=3, beta=1000, seed=7))
        ends = [{"first": int(n == 0), "last": int(n == count - 1)} for n in range(count)]
        return [(prompt._replace(token=random.randrange(100), **end).pack(),) for end in ends]

    def expected(self, dut) -> int:
        """How many beats come of a prompt."""
        return 1

    def busy(self, dut) -> bool:
        """Whether something is still inside."""
        return not int(dut.idle_o.value)


class Neighbour:
    """Drives a matrix: one vector at a time. A beat is a part of a vector."""

    into, out = "", ""
    fields = results = ("tag", "data")
    longest = 500

    def beats(self, count: int) -> list[tuple[int, ...]]:
        """Vectors of one beat each."""
        return [(n, random.getrandbits(32 * LANES)) for n in range(count)]

    def expected(self, dut) -> int:
        return int(dut.N.value) // LANES

    def busy(self, dut) -> bool:
        return bool(int(dut.busy_o.value))


class Reader:
    """Drives the host port: reads of constant registers. A beat is an address."""

    into, out = "s_axil_ar", "s_axil_r"
    fields = ("addr",)
    results = ("data", "resp")
    longest = 20

    def beats(self, count: int) -> list[tuple[int, ...]]:
        """The first registers of the map."""
        return [(4 * n,) for n in range(count)]

    def expected(self, dut) -> int:
        return 1

    def busy(self, dut) -> bool:
        return False


DRIVERS = {"chip": HostDriver, "matrix": Neighbour, "cartridge": Reader}


class ResetBench:
    """A design and its driver."""

    def __init__(self, dut) -> None:
        self.dut = dut
        self.driver = DRIVERS[dut._name]()
        self.inputs = [port for port in dut if INPUT.fullmatch(port._name)]
        cocotb.start_soon(Clock(dut.clk_i, 10, "ns").start(start_high=False))

    def port(self, stream: str, name: str):
        return getattr(self.dut, f"{stream}{name}")

    async def reset(self) -> None:
        """Reset, everything around it quiet, and two clocks to settle."""
        self.dut.rst_i.value = 1
        for port in self.inputs:
            port.value = 0
        await ClockCycles(self.dut.clk_i, RESET)
        self.dut.rst_i.value = 0
        await ClockCycles(self.dut.clk_i, 2)

    async def send(self, beats: list[tuple[int, ...]]) -> None:
        """Beats, one after another."""
        into = self.driver.into
        for beat in beats:
            for name, value in zip(self.driver.fields, beat, strict=True):
                self.port(into, f"{name}_i").value = value
            self.port(into, "valid_i").value = 1
            await RisingEdge(self.dut.clk_i)
            while not int(self.port(into, "ready_o").value):
                await RisingEdge(self.dut.clk_i)
        self.port(into, "valid_i").value = 0

    async def exchange(self, beats: list[tuple[int, ...]]) -> tuple:
        """Send beats; what comes of it: each result with its clock, and every record that the stage taps write, sorted.

        Records of one clock come in no order.
        """
        trace, out = Path(os.environ["TRACE"]), self.driver.out
        FLUSH(None)
        for file in trace.glob("*.bin"):
            os.truncate(file, 0)
        sending, results, clock = cocotb.start_soon(self.send(beats)), [], 0
        self.port(out, "ready_i").value = 1
        while len(results) < self.driver.expected(self.dut) or self.driver.busy(self.dut):
            await RisingEdge(self.dut.clk_i)
            clock += 1
            if int(self.port(out, "valid_o").value):
                results.append((clock, *(int(self.port(out, f"{name}_o").value) for name in self.driver.results)))
        await sending
        await ClockCycles(self.dut.clk_i, 2)
        FLUSH(None)
        raw = b"".join(file.read_bytes() for file in sorted(trace.glob("*.bin")))
        return results, sorted(raw[start : start + RECORD] for start in range(0, len(raw), RECORD))

    async def interrupt(self) -> int:
        """Begin something else, and reset in the middle of it: the clock at which."""
        sending = cocotb.start_soon(self.send(self.driver.beats(3)))
        moment = random.randint(1, self.driver.longest)
        await ClockCycles(self.dut.clk_i, moment)
        sending.cancel()
        await self.reset()
        return moment


def known(found: list[Signal]) -> dict[str, str]:
    """Values of the registers whose every bit is known, by path."""
    return {one.handle._path: one.text() for one in found if REGISTER.fullmatch(one.name) and one.known}


def streams(dut) -> list[tuple]:
    """(valid, what must be known with it) of every instance that gives a stream."""
    found = []
    for scope in instances(dut):
        ports = {one.name: one.handle for one in own(scope) if OUTPUT.fullmatch(one.name)}
        data = {name: port for name, port in ports.items() if not HANDSHAKES.fullmatch(name)}
        for name, valid in ports.items():
            prefix = name.removesuffix("valid_o")
            if prefix != name and hasattr(scope, f"{prefix}ready_i"):
                found.append((valid, [port for other, port in data.items() if other.startswith(prefix)]))
    return found


async def watch(dut) -> None:
    """No valid is ever unknown, and nothing that is valid is unknown in any bit."""
    found = streams(dut)
    assert found, "no stream was found"
    while True:
        await RisingEdge(dut.clk_i)
        for valid, data in found:
            offered = valid.value
            assert offered.is_resolvable, f"{valid._path} is {offered}"
            for port in data if int(offered) else ():
                assert port.value.is_resolvable, f"{port._path} is valid and has X: {port.value}"


@cocotb.test()
async def at_power_on(dut) -> None:
    """What is unknown after the first reset of all, for the caller to judge."""
    bench = ResetBench(dut)
    await bench.reset()
    found = list(signals(dut))
    power_on.update(known(found))
    report = {
        "modules": sorted({module(scope) for scope in instances(dut)}),
        "unknown": sorted({(one.module, one.name) for one in found if not one.known}),
    }
    Path(os.environ["FOUND"]).write_text(json.dumps(report))


@cocotb.test()
async def as_at_power_on(dut) -> None:
    """After a reset at any moment: the same results in the same clocks, the same values at every stage, no X."""
    bench = ResetBench(dut)
    await bench.reset()
    cocotb.start_soon(watch(dut))
    beats = bench.driver.beats(1)
    first = await bench.exchange(beats)
    for _ in range(TIMES):
        moment = await bench.interrupt()
        again = await bench.exchange(beats)
        assert again[0] == first[0], f"after a reset at clock {moment}: {again[0]}, not {first[0]}"
        assert again[1] == first[1], f"after a reset at clock {moment}: the stages have other values"


@cocotb.test()
async def registers_again(dut) -> None:
    """A reset in the middle of a token leaves every register as the first reset left it."""
    bench = ResetBench(dut)
    await bench.reset()
    for _ in range(TIMES):
        moment = await bench.interrupt()
        now = known(list(signals(dut)))
        wrong = [path for path, value in power_on.items() if now.get(path) != value]
        assert not wrong, f"after a reset at clock {moment}: {len(wrong)} registers differ, the first {wrong[0]}"
