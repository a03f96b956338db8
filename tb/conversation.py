"""What a chip bench is asked to run, and what the golden model answers."""

import json
from dataclasses import dataclass

from models.shape import Die

END_STOP, END_LIMIT, END_CONTEXT = 1, 2, 3  # cartridge_pkg::end_e


@dataclass(frozen=True)
class Conversation:
    """A prompt for a slot, and how many tokens of answer are wanted. ``first`` forgets what the slot held."""

    slot: int
    tokens: list[int]
    max_new: int
    first: bool = True


@dataclass(frozen=True)
class Job:
    """What to run: a checkpoint's path, the die, the conversations in order, and the stop tokens."""

    model: str
    die: Die
    conversations: list[Conversation]
    stop: list[int]

    @classmethod
    def from_json(cls, text: str) -> "Job":
        """Read what ``json.dumps(dataclasses.asdict(job))`` wrote."""
        raw = json.loads(text)
        talks = [Conversation(**talk) for talk in raw["conversations"]]
        return cls(raw["model"], Die(**raw["die"]), talks, raw["stop"])


@dataclass(frozen=True)
class Answer:
    """The golden answer to conversation ``index``: token ids and why it ended (END_*)."""

    index: int
    tokens: list[int]
    end: int
