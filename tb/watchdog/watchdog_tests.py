# SPDX-License-Identifier: Apache-2.0
"""The watchdog in random traffic, every clock against windows that the bench keeps whole."""

import random

import cocotb
from cocotb.triggers import ReadOnly, RisingEdge

from tb.rig.stream import reset

INPUTS = ("hold_i", "busy_i", "moves_i", "idle_i", "passes_i")


class WindowModel:
    """What came in since the window began."""

    def __init__(self) -> None:
        self.clocks: list[dict[str, int]] = []

    def judge(self, seen: dict[str, int], window: int, slots: int) -> tuple[int, int]:
        """The outputs in a clock with these inputs; a window that is full is forgotten."""
        self.clocks.append(seen)
        counted = sum(not clock["hold_i"] for clock in self.clocks)
        if not window:
            self.clocks.clear()
        if not window or seen["hold_i"] or counted < window:
            return 0, 0
        those, self.clocks = self.clocks, []
        stalled = [all((c["busy_i"] & ~c["moves_i"]) >> slot & 1 for c in those) for slot in range(slots)]
        still = not any(clock["idle_i"] or clock["passes_i"] for clock in those)
        return sum(one << slot for slot, one in enumerate(stalled)), int(still)


@cocotb.test()
async def random_traffic(dut):
    """Windows of any length, slots and a die that hardly or often move, a host that waits."""
    slots = int(dut.SLOTS.value)
    seen_stalls = seen_still = 0
    for window in (0, 1, 2, 7, 20):
        for name in INPUTS:
            getattr(dut, name).value = 0
        dut.window_i.value = window
        dut.idle_i.value = 1
        await reset(dut)
        model, rare = WindowModel(), random.choice((0.02, 0.1))
        for clock in range(1000):
            inputs = {
                "hold_i": int(random.random() < 0.2),
                "busy_i": sum((random.random() > rare) << slot for slot in range(slots)),
                "moves_i": sum((random.random() < rare) << slot for slot in range(slots)),
                "idle_i": int(random.random() < rare),
                "passes_i": int(random.random() < rare),
            }
            for name, value in inputs.items():
                getattr(dut, name).value = value
            await ReadOnly()
            wanted = model.judge(inputs, window, slots)
            got = int(dut.stalled_o.value), int(dut.die_o.value)
            assert got == wanted, f"window {window}, clock {clock}: {got}, not {wanted}"
            seen_stalls, seen_still = seen_stalls + (wanted[0] != 0), seen_still + wanted[1]
            await RisingEdge(dut.clk_i)
    assert seen_stalls and seen_still
