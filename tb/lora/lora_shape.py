# SPDX-License-Identifier: Apache-2.0
"""The geometries of the lora bench."""

from dataclasses import dataclass

import numpy as np

from models.die.shape import LANES


@dataclass(frozen=True)
class Case:
    """An array with adapters: its inputs and, for each module, its outputs; two modules take turns beat by beat."""

    array: int
    inputs: int
    outputs: tuple[int, ...]
    rank: int
    banks: int
    act_w: int = 12

    @property
    def order(self) -> list[tuple[int, int]]:
        """(module, its beat) of every output beat."""
        beats = [(m, beat) for m, out in enumerate(self.outputs) for beat in range(out // LANES)]
        return sorted(beats, key=lambda pair: pair[::-1]) if len(self.outputs) == 2 else beats

    @property
    def parameters(self) -> dict[str, int]:
        """Of hdl/lora.sv."""
        ends = [*np.cumsum(self.outputs) // LANES, 0, 0]
        froms = {"FROM_1": int(ends[0]), "FROM_2": int(ends[1])} if len(self.outputs) == 3 else {}
        sizes = {"K": self.inputs, "N": sum(self.outputs), "MODULES": len(self.outputs), "RANK": self.rank}
        return {"ARRAY": self.array, **sizes, **froms, "BANKS": self.banks, "ACT_W": self.act_w}


CASES = {
    "qkv": Case(0, 64, (64, 32, 32), 4, 2),
    "o": Case(1, 64, (64,), 8, 3),
    "gateup": Case(2, 32, (64, 64), 1, 15),
    "down": Case(3, 96, (32,), 8, 2, act_w=8),
    "wide": Case(1, 32, (640,), 1, 2),  # more beats out than its stages hold: words of B have to wait
}
