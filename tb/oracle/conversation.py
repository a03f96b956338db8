# SPDX-License-Identifier: Apache-2.0
"""What a chip bench is asked to run, and what the golden model answers."""

import json
from dataclasses import dataclass, field

from models.die.shape import Die
from models.golden.sampler import Sampling
from tb.rig.bundles import End, Prompt, Sample


@dataclass(frozen=True)
class Conversation:
    """A prompt for a slot, and how many tokens of answer are wanted. ``first`` forgets what the slot held.

    ``adapter`` is 0 for none or the number of a bank, from 1 on; ``top_k``, ``beta`` and ``seed`` say how tokens are
    chosen (docs/formats.md).
    """

    slot: int
    tokens: list[int]
    max_new: int
    first: bool = True
    adapter: int = 0
    top_k: int = Sampling.top_k
    beta: int = Sampling.beta
    seed: int = Sampling.seed

    @property
    def sampling(self) -> Sampling:
        """How its tokens are chosen."""
        return Sampling(self.top_k, self.beta, self.seed)

    def prompt(self) -> list[Prompt]:
        """Its tokens on their way into the chip."""
        sample = Sample(top_k=self.top_k, beta=self.beta, seed=self.seed)
        what = {"slot": self.slot, "max_new": self.max_new, "adapter": self.adapter, "sample": sample}
        last = len(self.tokens) - 1
        return [
            Prompt(token=token, first=int(self.first and n == 0), last=int(n == last), **what)
            for n, token in enumerate(self.tokens)
        ]


@dataclass(frozen=True)
class Job:
    """What to run: a checkpoint's path, the die, the conversations in order, and the stop tokens.

    ``adapters`` are the paths of those that are resident, bank 1 first (``models.adapter.Adapter.load``).
    """

    model: str
    die: Die
    conversations: list[Conversation]
    stop: list[int]
    adapters: list[str] = field(default_factory=list)

    @classmethod
    def from_json(cls, text: str) -> "Job":
        """Read what ``json.dumps(dataclasses.asdict(job))`` wrote."""
        raw = json.loads(text)
        talks = [Conversation(**talk) for talk in raw["conversations"]]
        return cls(raw["model"], Die(**raw["die"]), talks, raw["stop"], raw["adapters"])


@dataclass(frozen=True)
class Reply:
    """The golden answer to conversation ``index``: token ids and why it ended."""

    index: int
    tokens: list[int]
    end: End
