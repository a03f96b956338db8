# SPDX-License-Identifier: Apache-2.0
"""The golden model as a process of its own, beside the simulator: a job on stdin, a conversation on every
further line; pickled steps and answers on stdout.

It is given the checkpoint, the die, adapters and prompts, and never hears from the RTL: it continues with its own
answers.
"""

import itertools
import json
import os
import pickle
import sys
from collections import deque
from collections.abc import Iterable, Iterator

from models.adapter import Adapter
from models.checkpoint import checkpoint
from models.golden.chip import Chip, Step
from tb.oracle.conversation import Conversation, End, Job, Reply


def play(job: Job, more: Iterable[Conversation] = ()) -> Iterator[Step | Reply]:
    """Run all conversations, and ``more`` as they come: every step as it is computed, and after each its answer.

    Those of the job take turns, slot by slot, as they do on a die: none waits for the end of another one's answer, nor
    for the prompts of all others. One more begins with each turn, as a die's first answers come between them.
    """
    ckpt = checkpoint.load(job.model)
    chip = Chip(ckpt, job.die)
    banks = [None, *(Adapter.load(path, ckpt.shape, job.die) for path in job.adapters)]
    talks = [_turns(job, chip, banks, index, talk) for index, talk in enumerate(job.conversations)]
    slots: dict[int, list[Iterator]] = {}
    for talk, turns in zip(job.conversations, talks, strict=True):
        slots.setdefault(talk.slot, []).append(turns)
    later = deque(map(itertools.chain.from_iterable, slots.values()))
    begun: deque[Iterator] = deque()
    while later or begun:
        if later:
            begun.append(later.popleft())
        for _ in range(len(begun)):
            turns = begun.popleft()
            if turn := next(turns, None):
                yield from turn
                begun.append(turns)
    for index, talk in enumerate(more, len(talks)):
        yield from itertools.chain.from_iterable(_turns(job, chip, banks, index, talk))


def _turns(
    job: Job, chip: Chip, banks: list[Adapter | None], index: int, talk: Conversation
) -> Iterator[list[Step | Reply]]:
    """A conversation: the steps of its prompt, then those of each token of its answer, then the reply."""
    if talk.first:
        chip.reset(talk.slot)
    options = {"adapter": banks[talk.adapter], "sampling": talk.sampling}
    prompt, answer, end = talk.tokens, [], None
    if (room := job.die.kv_depth - chip.position(talk.slot)) < len(prompt):  # its last token comes back instead
        if room:
            yield chip.run(talk.slot, prompt[:room], want_last=False, **options)
        answer, end = prompt[-1:], End.CONTEXT
    while end is None:
        steps = chip.run(talk.slot, prompt, **options)
        yield steps
        answer.append(steps[-1].token_out)
        if answer[-1] in job.stop:
            end = End.STOP
        elif len(answer) >= talk.max_new:
            end = End.LIMIT
        elif steps[-1].pos + 1 == job.die.kv_depth:
            end = End.CONTEXT
        prompt = answer[-1:]
    yield [Reply(index, answer, end)]


def main() -> None:
    """Read a job and conversations on stdin, write pickled steps and answers to stdout, as long as somebody reads."""
    job = Job.from_json(sys.stdin.readline())
    more = (Conversation(**json.loads(line)) for line in sys.stdin)
    try:
        for item in play(job, more):
            pickle.dump(item, sys.stdout.buffer)
            sys.stdout.buffer.flush()
    except BrokenPipeError:
        os._exit(1)  # without the interpreter's own words about it


if __name__ == "__main__":
    main()
