"""What a chip bench is asked to run, and what the golden model answers."""

import json
from dataclasses import dataclass, field

from models.die.shape import Die
from models.golden.sampler import Sampling

END_STOP, END_LIMIT, END_CONTEXT = 1, 2, 3  # cartridge_pkg::end_e


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
class Answer:
    """The golden answer to conversation ``index``: token ids and why it ended (END_*)."""

    index: int
    tokens: list[int]
    end: int
