# SPDX-License-Identifier: Apache-2.0
"""Frames: what the golden model says that a part of a chip receives and gives, token by token, on file.

A part is a layer, by its number, or the head, CHIP. The golden model runs the conversations by itself, once and
beforehand, in a process of its own; how beats are packed is the only thing here that is read from the RTL.
``frames_PPP.pickle`` has a ``Step`` a token with the stages of that part alone; ``beats_PPP.hex`` has the beats that go
into it, as tb/chip/line_player.sv plays them.
"""

import json
import pickle
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from models.golden.chip import Step
from models.golden.stage import CHIP, Stage
from tb.oracle.conversation import Conversation, Job, Reply
from tb.oracle.golden import Golden
from tb.rig.beats import pack
from tb.rig.bundles import Beat, Tag


def parts_of(layers: int) -> list[int]:
    """Every part of a chip with so many layers, in dataflow order."""
    return [*range(layers), CHIP]


def frames_file(folder: Path, part: int) -> Path:
    """Where the steps of a part are."""
    return folder / f"frames_{part:03}.pickle"


def beats_file(folder: Path, part: int) -> Path:
    """Where the beats are that go into a part."""
    return folder / f"beats_{part:03}.hex"


def write(job: Job, layers: int, folder: Path) -> Iterator[Step | Reply]:
    """Have the golden model run a job and leave all frames in ``folder``; yields what it says meanwhile."""
    parts = parts_of(layers)
    with ExitStack() as stack:
        steps = {part: stack.enter_context(frames_file(folder, part).open("wb")) for part in parts}
        beats = {part: stack.enter_context(beats_file(folder, part).open("w")) for part in parts}
        talks = iter(job.conversations)
        talk = next(talks)
        golden = Golden(json.dumps(asdict(job)))
        stack.callback(golden.close)
        for item in iter(golden.following, None):
            if isinstance(item, Reply):
                talk = next(talks, None)
            else:
                for part in parts:
                    if own := _stages(item, part):
                        pickle.dump(replace(item, stages=own), steps[part])
                    beats[part].writelines(_beats(item, talk, part, layers, job.die.lanes))
            yield item


def read(folder: Path, part: int) -> Iterator[Step]:
    """The steps of a part, in the order in which their tokens go in."""
    with frames_file(folder, part).open("rb") as file:
        while True:
            try:
                yield pickle.load(file)
            except EOFError:
                return


def _stages(step: Step, part: int) -> dict[tuple[Stage, int], np.ndarray]:
    """Those that a part gives: none of the head, for a token that wants no answer."""
    return {
        (stage, layer): values
        for (stage, layer), values in step.stages.items()
        if layer == part and stage is not Stage.EMBEDDING
    }


def _beats(step: Step, talk: Conversation, part: int, layers: int, lanes: int) -> Iterator[str]:
    """The beats of a token on its way into a part."""
    before = (layers if part == CHIP else part) - 1
    x = step.stages[(Stage.FFN_RESIDUAL, before) if before >= 0 else (Stage.EMBEDDING, CHIP)]
    tag = Tag(adapter=talk.adapter, gen=int(step.token_out is not None), slot=step.slot, pos=step.pos)
    for values in x.reshape(-1, lanes):
        yield f"{Beat(tag=tag, data=pack(values)).pack():x}\n"
