"""What a trace is limited to: the scopes of one layer or stage, while one token is in it."""

from dataclasses import dataclass
from pathlib import Path

from models.golden.stage import Stage
from tb.evidence.waves.places import CHIP_STAGES, PLACES

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
        owner = CHIP if self.layer is None else f"{CHIP}.gen_layer[{self.layer}].u_layer"
        scopes = [(1, "chip_bench"), (1, CHIP), (1, owner.removesuffix(".u_layer"))]
        if self.stage is None and self.layer is not None:
            scopes.append((ALL, owner))
        else:
            stages = CHIP_STAGES if self.stage is None else (self.stage,)
            scopes += [(1, owner), *((ALL, f"{owner}.{name}") for stage in stages for name in PLACES[stage])]
        if self.layer is None:
            scopes.append((ALL, f"{CHIP}.u_sequencer"))
        return {"WAVE_SCOPES": ",".join(f"{levels} {scope}" for levels, scope in dict.fromkeys(scopes))}
