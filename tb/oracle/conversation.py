# SPDX-License-Identifier: Apache-2.0
"""What a chip bench is asked to run, and what the golden model answers.

The golden model's process has this too, so nothing here comes from the RTL.
"""

import json
from dataclasses import dataclass, field
from enum import IntEnum

from models.die.shape import Die
from models.golden.sampler import Sampling


class End(IntEnum):
    """Why an answer ended (NONE: it goes on), as docs/host.md numbers it."""

    NONE = 0
    STOP = 1
    LIMIT = 2
    CONTEXT = 3


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
