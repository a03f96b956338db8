# SPDX-License-Identifier: Apache-2.0
"""Simulates one part of a chip on its own, against the frames of the golden model: a process a part, on any machine.

``python -m tb.apart.part REQUEST PART`` takes the request from a file, and leaves the result in a file beside it.
"""

import dataclasses
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from models.adapter import Adapter
from models.checkpoint import checkpoint
from models.golden.stage import CHIP
from tb.apart.frames import beats_file
from tb.chip import adapter_file
from tb.chip.job import PLAYER, BuiltChip
from tb.oracle.conversation import Job
from tb.rig.record import RunError

ROOM = Path(__file__).parent
REQUEST = "request.json"


@dataclass(frozen=True)
class Result:
    """What became of a part: ``problem`` is '' if every value was the golden model's, ``replay`` does it again."""

    part: int
    problem: str
    stages_compared: int = 0
    values_compared: int = 0
    tokens: int = 0
    seconds: float = 0
    peak_memory_bytes: int = 0

    def write(self, folder: Path) -> None:
        """Leave it in the folder of the frames, in one step."""
        file = result_file(folder, self.part)
        half = file.with_suffix(f".{os.getpid()}")
        half.write_text(json.dumps(dataclasses.asdict(self), indent=1) + "\n", encoding="utf-8")
        os.replace(half, file)


def result_file(folder: Path, part: int) -> Path:
    """Where the result of a part is."""
    return folder / f"result_{part:03}.json"


def read_result(folder: Path, part: int) -> Result | None:
    """The result of a part, if it is done."""
    file = result_file(folder, part)
    return Result(**json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else None


def name_of(part: int) -> str:
    """'layer 17', or 'head'."""
    return "head" if part == CHIP else f"layer {part}"


def simulate(chip: BuiltChip, job: Job, folder: Path, part: int, simulator: str, replay: str | None = None) -> Result:
    """Run a part of ``chip`` against the frames of ``job`` in ``folder``."""
    top = "head_bench" if part == CHIP else "layer_bench"
    with chip.folder(f"apart-{part:03}") as work:
        trace, report, adapters = work / "trace", work / "report.json", work / "adapters.hex"
        trace.mkdir()
        loaded = [Adapter.load(path, chip.ckpt.shape, chip.die) for path in job.adapters]
        adapters.write_text("".join(adapter_file.writes_of(loaded, part)))
        config = (ROOM / f"{top}.vlt",) if simulator == "verilator" else ()
        env = {"MASK": chip.mask, "FRAMES": folder, "TRACE": trace, "REPORT": report, "PART": part}
        try:
            chip.simulate(
                top,
                "tb.apart.apart_tests",
                simulator=simulator,
                trace=trace,
                sources=(*config, PLAYER, ROOM / f"{top}.sv"),
                plusargs=(f"+adapters={adapters}", f"+beats={beats_file(folder, part)}"),
                env={name: str(value) for name, value in env.items()},
                profile=chip.profile,
                replay=replay,
            )
        except RunError as failure:
            return Result(part, failure.record.said)
        return Result(part, "", **json.loads(report.read_text()))


def main(request: str, part: str) -> None:
    """Do what a request says for one part, and leave the result."""
    asked = json.loads(Path(request).read_text(encoding="utf-8"))
    job = Job.from_json(json.dumps(asked["job"]))
    die = dataclasses.asdict(job.die)
    chip = BuiltChip.of(checkpoint.load(job.model), view=asked["view"], **die)
    simulate(chip, job, Path(request).parent, int(part), asked["simulator"], asked["replay"]).write(
        Path(request).parent
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
