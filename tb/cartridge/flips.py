# SPDX-License-Identifier: Apache-2.0
"""Flips bits in a die's SRAMs through the simulator's back door, while it answers."""

import json
import os
import random

import cocotb
from cocotb.triggers import FallingEdge, Timer

from models.project import ROOT
from tb.cartridge.driver import DieBench
from tb.chip.driver import PERIOD
from tb.chip.schedules import beside
from tb.oracle.scoreboard import Mismatch

MEMORIES = ("keys", "values", "qkv", "o", "gateup", "down")
PART = 128  # data bits of a code word, at most
EXPOSED = ROOT / "tb" / "cartridge" / "flips.vlt"  # what lets Verilator's tests write SRAMs
SINGLES = 2  # words: the smallest memory has three


async def fly(dut, clocks: int) -> None:
    """So long a particle takes. It hits between two edges: at one, a word that is written would stay its old value."""
    await Timer(PERIOD * clocks, unit="ns")
    await FallingEdge(dut.clk_i)


def srams(dut, memory: str, count: int) -> list:
    """The memories of a kind, in all ``count`` layers."""
    layers = [dut.u_cartridge.u_chip.gen_layer[layer].u_layer for layer in range(count)]
    if memory in ("keys", "values"):
        bank = "u_k" if memory == "keys" else "u_v"
        heads = [getattr(kv, bank) for layer in layers for kv in layer.u_attention.gen_kv]
        return [bank.u_sram for head in heads for bank in head.gen_bank]
    return [getattr(layer, f"u_{memory}").u_matrix.gen_lora.u_lora.u_sram for layer in layers]


class Flips(DieBench):
    """Conversations in turn, while words of one kind of memory are hit: keys, values, or the adapters of an array.

    No word is hit twice. During the first conversation a hit flips any one bit, of a few words; from then on two check
    bits of a code word: the die cannot correct them and must say so, but the data are as they were.
    """

    excused = DieBench.excused | {"sram_corrected", "sram_failed"}

    def __init__(self, *args) -> None:
        super().__init__(*args)
        self.pick = random.Random(cocotb.RANDOM_SEED)
        self.memory = json.loads(os.environ["MEMORY"])
        self.hit: set[tuple[str, int]] = set()
        self.double = False

    async def conversations(self) -> None:
        """The job's, in turn, and particles."""
        await beside(self._particles, self._in_turn())

    async def _in_turn(self) -> None:
        for index in range(len(self.job.conversations)):
            await self.push(index)
            await self.until_done()
            if failed := not self.double and await self.host.counter("FAILED"):
                raise Mismatch(f"{failed} words are told to be beyond correction, and single bits have flipped")
            self.double = True

    async def _particles(self) -> None:
        while True:
            await fly(self.dut, self.pick.randrange(50, 150))
            self._flip(self.pick.choice(self._srams()))

    def _srams(self) -> list:
        return srams(self.dut, self.memory, self.shape.layers)

    def _flip(self, sram) -> None:
        """Hit a word that was written and not hit before, if there is one."""
        written = [index for index in range(len(sram.mem)) if sram.mem[index].value.is_resolvable]
        places = [(sram._path, index) for index in written if (sram._path, index) not in self.hit]
        if not places or (not self.double and len(self.hit) == SINGLES):
            return
        place = self.pick.choice(places)
        word = sram.mem[place[1]]
        parts = -(-int(sram.WIDTH.value) // PART)
        code = len(word) // parts
        top = code * self.pick.randrange(1, parts + 1) - 1  # the parity bit of a code word; check bits are below it
        bits = 3 << top - 1 if self.double else 1 << self.pick.randrange(len(word))
        self.hit.add(place)
        word.value = int(word.value) ^ bits
