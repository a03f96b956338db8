# SPDX-License-Identifier: Apache-2.0
"""What a user asks of a model in simulation: the checkpoint, the prompt in tokens, the die and the simulator."""

from dataclasses import dataclass

from models.adapter import rank_for
from models.checkpoint.checkpoint import Checkpoint
from models.checkpoint.tokenizer import Tokenizer
from models.die.shape import Die, check_tokens, macs
from models.errors import InputError
from models.mask.etch import die_for
from scripts.cli import die as geometry
from scripts.cli.command import again
from scripts.cli.model import load_model
from scripts.cli.parameters import DEPTH, DIE, LAYERS, LORA, MODEL, PROMPT, RANK, SEED, SIM, TOKENS, VIEW
from tb.chip import memory
from tb.chip.job import BuiltChip
from tb.evidence.waves.window import Window
from tb.oracle.conversation import Conversation
from tb.rig import toolchain

PARAMETERS = (PROMPT, TOKENS, MODEL, LAYERS, SIM, SEED, DEPTH, DIE, VIEW, LORA, RANK)  # what ``ask`` takes
SMALL = 2_000_000  # weights: above, an interpreting simulator takes hours a token


@dataclass(frozen=True)
class Question:
    """A conversation of one prompt with one model, and how it is simulated; ``adapters`` are PEFT folders,
    ``die`` fields of Die."""

    ckpt: Checkpoint
    tokenizer: Tokenizer
    prompt: str
    talk: Conversation
    depth: int
    seed: int
    simulator: str
    view: str
    adapters: list[str]
    rank: int
    die: dict

    def chip(self, apart: bool = False) -> BuiltChip:
        """Etch the chip. InputError, before that, if memory has no room to simulate it, or a part of it ``apart``."""
        die = {"kv_depth": self.depth, "rank": self.rank} | self.die
        size = memory.of_part if apart else memory.of_chip
        hint = "free some, or ask for fewer layers with LAYERS" if apart else "free some, or use `make apart`"
        memory.check(size(self.ckpt.shape, die_for(self.ckpt, **die)), self.ckpt.path, hint)
        return BuiltChip.of(self.ckpt, view=self.view, **die)

    def simulate(self, chip: BuiltChip, window: Window | None = None) -> dict:
        """Have the chip answer, every stage checked, traced through a window; gives the report of BuiltChip.run."""
        return chip.run(
            [self.talk],
            sorted(self.tokenizer.stop_ids),
            simulator=self.simulator,
            test="one_after_another",
            hold_cycles=True,
            echo=f"> {self.prompt}",
            seed=self.seed,
            replay=again("waves", *PARAMETERS),
            window=window,
            adapters=self.adapters,
        )


def ask(
    *,
    prompt: str,
    tokens: int,
    model: str,
    layers: int | None,
    sim: str,
    seed: int,
    depth: int,
    die: str,
    view: str,
    lora: str,
    rank: int | None,
) -> Question:
    """Put together what the parameters ask for, nothing etched yet. InputError if it cannot be had."""
    simulator = sim or "verilator"
    toolchain.require(simulator)
    if (view, simulator) == ("switch", "verilator"):
        raise InputError("Verilator has no transistors for the switch view", "VIEW", "use SIM=icarus")
    fields = geometry.fields(die)
    ckpt = load_model(model, layers)
    tokenizer = Tokenizer.from_checkpoint(ckpt)
    weights = macs(ckpt.shape, head=True)
    if simulator == "icarus" and weights > SMALL:
        what = f"Icarus interprets, and this model has {weights:,} weights"
        raise InputError(what, "SIM", "use SIM=verilator, or SIM=icarus with MODEL=tiny")
    if view != "rom" and weights > SMALL:
        what = f"the {view} view models each cell, and this model has {weights:,} weights"
        raise InputError(what, "VIEW", "use VIEW=rom, or another view with MODEL=tiny")
    ids = tokenizer.chat([{"role": "user", "content": prompt}])
    check_tokens(ckpt.shape, Die(kv_depth=depth), ids, "PROMPT")
    adapters = [lora] if lora else []
    talk = Conversation(0, ids, tokens, adapter=len(adapters))
    rank = rank_for(adapters, ckpt.shape) if rank is None else rank
    return Question(ckpt, tokenizer, prompt, talk, depth, seed, simulator, view, adapters, rank, fields)
