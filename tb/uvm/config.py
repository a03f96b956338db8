# SPDX-License-Identifier: Apache-2.0
"""What a run of the environment is about: the model on its die, from the environment of the simulator."""

import json
import os
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

from models.checkpoint import checkpoint
from models.checkpoint.checkpoint import Checkpoint
from models.die.shape import Die
from tb.chip.job import BuiltChip


@dataclass(frozen=True)
class Stalls:
    """Stall profiles (tb.rig.stream.STALLS) of what drives the design and of what takes from it."""

    source: str = "none"
    sink: str = "none"


@dataclass(frozen=True)
class Config:
    """One test's settings.

    Attributes:
        model: path of the checkpoint.
        die: that holds it.
        trace: the folder into which the stage taps write.
        view: of the cell arrays, and ``turn_clks`` of the ROM view: for the cycle model.
        stalls: of the streams.
        lone: whether every token has the design to itself, so that the cycle model holds.
        patience: clocks without a beat after which the watchdog barks.
    """

    model: str
    die: Die
    trace: Path
    view: str = "rom"
    turn_clks: int = 1
    stalls: Stalls = Stalls()
    lone: bool = False
    patience: int = 20_000

    @cached_property
    def ckpt(self) -> Checkpoint:
        """The checkpoint."""
        return checkpoint.load(self.model)

    @classmethod
    def from_environment(cls, **settings) -> "Config":
        """What ``environment`` gave to the simulator, and a test's own settings."""
        given = json.loads(os.environ["UVM"])
        return cls(given["model"], Die(**given["die"]), Path(given["trace"]), given["view"], **settings)


def environment(chip: BuiltChip, trace: Path, view: str) -> dict[str, str]:
    """Environment variables for a run on ``chip``."""
    given = {"model": str(Path(chip.ckpt.path).resolve()), "die": asdict(chip.die), "trace": str(trace), "view": view}
    return {"UVM": json.dumps(given)}
