"""``make waves``: a run with its signals on file, and a view of them for GTKWave with the cursor at the first mismatch.

Parameters come from the environment. With TEST=name it traces that bench (SEED, SIM). Else it traces a model (PROMPT,
TOKENS, MODEL, SIM, SEED, DEPTH) while one token is in one place: position TOKEN in LAYER, or in what the chip has once
if there is no LAYER; in one STAGE, or all. Without TOKEN that is where the run first diverges from the golden model.
"""

import os
import sys
from dataclasses import replace

from models.errors import InputError
from models.golden.stage import CHIP, Stage
from scripts import sim
from scripts.command import guarded
from tb.chip.job import Chip
from tb.evidence.waves.mismatch import Place
from tb.evidence.waves.places import CHIP_STAGES
from tb.evidence.waves.window import Window


def main() -> int:
    """Trace what the environment asks for; gives the exit status."""
    return guarded(bench if os.environ.get("TEST") else model)


def bench() -> int:
    """One bench, all its signals."""
    if given := [name for name in ("LAYER", "TOKEN", "STAGE") if os.environ.get(name)]:
        raise InputError(f"a bench is traced whole, TEST and {given[0]} do not go together", given[0], "leave it out")
    os.environ["WAVES"] = "1"
    return sim.run_test(os.environ["TEST"])


def model() -> int:
    """A model, through a window."""
    question = sim.asked()
    window = asked_window(question)
    chip = question.chip()
    if window is None:
        window = diverging(chip, question)
    report = run(chip, until(question, window.pos), window)
    if (tokens := report["tokens_through_layers"]) <= window.pos:
        what = f"position {window.pos} never came: the conversation ended after {tokens} tokens"
        raise InputError(what, "TOKEN", "choose a smaller one")
    return 0


def asked_window(question: sim.Question) -> Window | None:
    """The window that the environment names; None without one. InputError if the run has no such place."""
    if not os.environ.get("TOKEN"):
        if given := [name for name in ("LAYER", "STAGE") if os.environ.get(name)]:
            raise InputError(f"{given[0]} says where, and nothing says which token", "TOKEN", "give a position, from 0")
        return None
    last = min(len(question.talk.tokens) + question.talk.max_new - 2, question.depth - 1)
    pos = index("TOKEN", last + 1, "positions of prompt and answer")
    layer = index("LAYER", question.ckpt.shape.layers, "layers") if os.environ.get("LAYER") else None
    return Window(pos, layer, asked_stage(layer))


def index(name: str, count: int, of: str) -> int:
    """An index from the environment. InputError if it is none of ``count``."""
    text = os.environ[name]
    if not text.isdecimal() or int(text) >= count:
        raise InputError(f"{text!r} is none of the {count} {of}", name, f"choose 0 to {count - 1}")
    return int(text)


def asked_stage(layer: int | None) -> Stage | None:
    """The stage that the environment names, of a layer or of the chip."""
    name = os.environ.get("STAGE")
    if not name:
        return None
    stages = [stage for stage in Stage if (stage in CHIP_STAGES) == (layer is None)]
    if name not in (stage.name.lower() for stage in stages):
        where = "the chip outside its layers" if layer is None else "a layer"
        known = ", ".join(stage.name.lower() for stage in stages)
        raise InputError(f"{where} has no stage {name!r}", "STAGE", f"choose one of {known}")
    return Stage[name.upper()]


def diverging(chip: Chip, question: sim.Question) -> Window:
    """Where the run first diverges from the golden model, found without a trace. InputError if it does not."""
    try:
        run(chip, question)
    except AssertionError as failure:
        place = Place.of(str(failure))
        if place is None:
            raise
        print(f"{str(failure).splitlines()[0]}\nonce more, with waves", flush=True)
        return Window(place.pos, None if place.layer == CHIP else place.layer)
    raise InputError("nothing diverges in this run, so there is no place to trace", "TOKEN", "name TOKEN, and LAYER")


def until(question: sim.Question, pos: int) -> sim.Question:
    """The same conversation, ended when position ``pos`` has gone through the layers."""
    wanted = max(1, pos - len(question.talk.tokens) + 2)
    return replace(question, talk=replace(question.talk, max_new=wanted))


def run(chip: Chip, question: sim.Question, window: Window | None = None) -> dict:
    """Simulate the conversation, every stage checked; gives the report of Chip.run."""
    return chip.run(
        [question.talk],
        sorted(question.tokenizer.stop_ids),
        simulator=question.simulator,
        test="one_after_another",
        echo=f"> {question.prompt}",
        seed=question.seed,
        replay=sim.replay(),
        window=window,
        adapters=question.adapters,
    )


if __name__ == "__main__":
    sys.exit(main())
