# SPDX-License-Identifier: Apache-2.0
"""What a trace is limited to: the scopes of one layer or stage, while one token is in it."""

from dataclasses import dataclass
from pathlib import Path

from models.golden.stage import Stage
from tb.evidence.waves import places
from tb.evidence.waves.places import CHIP_STAGES

SOURCE = Path(__file__).with_name("wave_window.sv")  # for every chip that Verilator traces
CHIP = "chip_bench.u_chip"
ALL = 99  # levels of hierarchy


@dataclass(frozen=True)
class Window:
    """Position ``pos`` in ``layer`` (None: in what the chip has once); in one stage, or all."""

    pos: int
    layer: int | None = None
    stage: Stage | None = None

    def plusargs(self) -> tuple[str, ...]:
        """For the simulator: see wave_window.sv."""
        layer = () if self.layer is None else (f"+window_layer={self.layer}",)
        return f"+window_pos={self.pos}", *layer

    def env(self) -> dict[str, str]:
        """For the simulator: see window.cpp."""
        scopes = [(1, "chip_bench"), (1, CHIP)]
        if self.layer is None:
            for stage in CHIP_STAGES if self.stage is None else (self.stage,):
                scopes += self._stage(CHIP if stage is Stage.EMBEDDING else f"{CHIP}.u_head", stage)
            scopes.append((ALL, f"{CHIP}.u_sequencer"))
        else:
            inside = f"{CHIP}.gen_layer[{self.layer}]"
            scopes += [(1, inside), (1, f"{inside}.u_wire")]
            owner = f"{inside}.u_layer"
            scopes += [(ALL, owner)] if self.stage is None else self._stage(owner, self.stage)
        return {"WAVE_SCOPES": ",".join(f"{levels} {scope}" for levels, scope in dict.fromkeys(scopes))}

    @staticmethod
    def _stage(owner: str, stage: Stage) -> list[tuple[int, str]]:
        """(levels, scope) of a stage: its owner's own signals, its producer and its tap, and who chooses a token."""
        names = [*places.find(stage), *(("u_argmax", "u_sampler") if stage is Stage.TOKEN else ())]
        return [(1, owner), *((ALL, f"{owner}.{name}") for name in names)]
