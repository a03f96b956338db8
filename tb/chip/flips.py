"""Flips bits in a chip's SRAMs through the simulator's back door."""

import random

from tb.chip.driver import Bench

ARRAYS = ("u_qkv", "u_o", "u_gateup", "u_down")


def flip(bench: Bench, pick: random.Random) -> None:
    """Flip a bit of a word in the SRAMs of a layer that no flip has hit before: more would be beyond correction."""
    layer = bench.dut.u_chip.gen_layer[pick.randrange(bench.shape.layers)].u_layer
    banks = [bank.u_sram for kv in layer.u_attention.gen_kv for bank in (kv.u_k, kv.u_v)]
    if bench.job.adapters:
        banks += [getattr(layer, array).gen_lora.u_lora.u_sram for array in ARRAYS]
    sram = pick.choice(banks)
    index = pick.randrange(len(sram.mem))
    word = sram.mem[index]
    if word.value.is_resolvable and (sram._path, index) not in bench.flipped:
        bench.flipped.add((sram._path, index))
        word.value = int(word.value) ^ 1 << pick.randrange(len(word))
