# SPDX-License-Identifier: Apache-2.0
"""The die of which flip-flops are turned over, its users, and the campaign on it."""

import json
import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from models.checkpoint import checkpoint, tiny
from models.project import BUILD
from tb.cartridge import adapters
from tb.chip.job import BuiltChip
from tb.evidence.upsets.flops import flops
from tb.evidence.upsets.upset import Aftermath, Flop, Upset
from tb.oracle.conversation import Conversation

SHAPE = {"layers": 2, "vocab": 100}
STOP = [36]
POLL = 100  # clocks
USERS = (  # one a slot: greedy, with an adapter and a draw, greedy with an adapter
    Conversation(0, [5, 6, 9], 3),
    Conversation(1, [50, 7], 3, adapter=1, top_k=4, beta=94548, seed=7),
    Conversation(2, [33, 8, 2], 2, adapter=2),
    Conversation(0, [4], 2, first=False),
    Conversation(1, [60, 3], 2, adapter=1),
    Conversation(2, [71], 3, first=False, adapter=2, top_k=3, beta=94548, seed=9),
)


@dataclass(frozen=True)
class UpsetDie:
    """A die of two layers, three slots and two adapters, in a view."""

    chip: BuiltChip

    @classmethod
    def of(cls, view: str) -> "UpsetDie":
        """Etched; the checkpoint stays, so that its masks do."""
        ckpt = checkpoint.load(tiny.write(BUILD / "checkpoints" / "upsets.gguf", **SHAPE))
        return cls(BuiltChip.of(ckpt, view=view, kv_depth=16, slots=3, adapters=2, rank=2))

    def flops(self) -> list[Flop]:
        """Its registers."""
        return flops(self.chip.shape_pkg, self.chip.hdl)

    def _exposed(self) -> Path:
        """What lets Verilator's tests write the registers, and nothing else."""
        names = sorted({(flop.module, flop.path.rpartition(".")[2]) for flop in self.flops()})
        lines = [f'public_flat_rw -module "{module}" -var "{name}"\n' for module, name in names]
        path = self.chip.shape_pkg.with_name("flops.vlt")
        path.write_text("`verilator_config\n" + "".join(lines))
        return path

    def hit(
        self, upsets: list[Upset], *, watched: bool = True, simulator: str, jobs: int = 1, **how
    ) -> list[Aftermath]:
        """What became of a die after each of ``upsets``. One alone is done in a run that can leave waves.

        ``how`` are further settings of ``BuiltChip.run``, whose errors this raises.
        """
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            plan, found = folder / "upsets.json", folder / "found.jsonl"
            plan.write_text(json.dumps([asdict(upset) for upset in upsets]))
            resident = [str(adapters.random(self.chip, seed, folder / f"{seed}.npz")) for seed in (1, 2)]
            self.chip.run(
                [*USERS, *(replace(talk) for talk in USERS)],
                STOP,
                simulator=simulator,
                test="upsets",
                bench="cartridge",
                adapters=resident,
                poll=POLL,
                exposed=self._exposed(),
                plusargs=("+verilator+noassert",),  # what is wrong shall go on
                settings={
                    "UPSETS": str(plan),
                    "FOUND": str(found),
                    "JOBS": jobs,
                    "FORKS": len(upsets) > 1,
                    "WATCHED": watched,
                },
                **how,
            )
            outcomes = [Aftermath(**json.loads(line)) for line in found.read_text().splitlines()]
        return sorted(outcomes, key=lambda outcome: outcome.number)
