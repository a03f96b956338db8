# SPDX-License-Identifier: Apache-2.0
"""``make waves``: a run with its signals on file, and a view of them for GTKWave with the cursor at the first mismatch.

With TEST=name it traces that bench. Else it traces a model while one token is in one place: position TOKEN in LAYER, or
in what the chip has once if there is no LAYER; in one STAGE, or all. Without TOKEN that is where the run first diverges
from the golden model.
"""

import sys
from dataclasses import replace

from models.errors import InputError
from models.golden.stage import CHIP, Stage
from scripts.ask import question
from scripts.ask.question import Question
from scripts.cli import benches
from scripts.cli.command import command
from scripts.cli.parameters import LAYER, STAGE, TEST, TOKEN
from tb.chip.job import BuiltChip
from tb.evidence.waves import view
from tb.evidence.waves.places import CHIP_STAGES
from tb.evidence.waves.window import Window
from tb.rig.record import RunError


@command("waves", *question.PARAMETERS, TEST, LAYER, TOKEN, STAGE)
def main(*, test: str, layer: int | None, token: int | None, stage: str, **asked: object) -> int:
    """Trace a bench, or a model where it is asked for."""
    if not test:
        return trace(question.ask(**asked), layer, token, stage)
    for name, named in (("LAYER", layer is not None), ("TOKEN", token is not None), ("STAGE", stage)):
        if named:
            raise InputError(f"a bench is traced whole, TEST and {name} do not go together", name, "leave it out")
    return benches.run(test, asked["seed"], asked["sim"], benches.QUIETLY, WAVES="1")


def trace(asked: Question, layer: int | None, token: int | None, stage: str) -> int:
    """Simulate a model with the waves of a window, which is where it diverges if none is named."""
    window = choose_window(asked, layer, token, stage)
    chip = asked.chip()
    if window is None:
        window = find_divergence(chip, asked)
    try:
        report = shorten(asked, window.pos).simulate(chip, window)
    except RunError as failure:
        view.leave(failure.record).show()
        raise
    if (tokens := report["tokens_through_layers"]) <= window.pos:
        what = f"position {window.pos} never came: the conversation ended after {tokens} tokens"
        raise InputError(what, "TOKEN", "choose a smaller one")
    view.leave(report["record"]).show()
    return 0


def choose_window(asked: Question, layer: int | None, token: int | None, stage: str) -> Window | None:
    """The window of these parameters; None without a token. InputError if the run has no such place."""
    if token is None:
        for name, named in (("LAYER", layer is not None), ("STAGE", stage)):
            if named:
                raise InputError(f"{name} says where, and nothing says which token", "TOKEN", "give a position, from 0")
        return None
    last = min(len(asked.talk.tokens) + asked.talk.max_new - 2, asked.depth - 1)
    check_index("TOKEN", token, last + 1, "positions of prompt and answer")
    if layer is not None:
        check_index("LAYER", layer, asked.ckpt.shape.layers, "layers")
    return Window(token, layer, choose_stage(stage, layer))


def check_index(name: str, index: int, count: int, of: str) -> None:
    """InputError if an index is none of ``count``."""
    if index >= count:
        raise InputError(f"{str(index)!r} is none of the {count} {of}", name, f"choose 0 to {count - 1}")


def choose_stage(name: str, layer: int | None) -> Stage | None:
    """The stage of this name, of a layer or of the chip; None without a name. InputError if there is none."""
    if not name:
        return None
    stages = [stage for stage in Stage if (stage in CHIP_STAGES) == (layer is None)]
    if name not in (stage.name.lower() for stage in stages):
        where = "the chip outside its layers" if layer is None else "a layer"
        known = ", ".join(stage.name.lower() for stage in stages)
        raise InputError(f"{where} has no stage {name!r}", "STAGE", f"choose one of {known}")
    return Stage[name.upper()]


def find_divergence(chip: BuiltChip, asked: Question) -> Window:
    """Where the run first diverges from the golden model, found without a trace. InputError if it does not."""
    try:
        asked.simulate(chip)
    except RunError as failure:
        if failure.record.divergence is None:
            raise
        place = failure.record.divergence.place
        print(f"{str(failure).splitlines()[0]}\nonce more, with waves", flush=True)
        return Window(place.pos, None if place.layer == CHIP else place.layer)
    raise InputError("nothing diverges in this run, so there is no place to trace", "TOKEN", "name TOKEN, and LAYER")


def shorten(asked: Question, pos: int) -> Question:
    """The same conversation, ended when position ``pos`` has gone through the layers."""
    wanted = max(1, pos - len(asked.talk.tokens) + 2)
    return replace(asked, talk=replace(asked.talk, max_new=wanted))


if __name__ == "__main__":
    sys.exit(main(argv=sys.argv[1:]))
