# SPDX-License-Identifier: Apache-2.0
"""The golden worker: adapters and choices of each conversation, and prompts for which the KV cache has no room."""

import dataclasses
import itertools
import json

import numpy as np
import pytest

from models.adapter import Adapter, module_sizes
from models.checkpoint import checkpoint, tiny
from models.checkpoint.peft import LowRank, write
from models.die.shape import Die
from models.golden.chip import Chip
from models.golden.sampler import Sampling, beta
from tb.oracle.conversation import Conversation, End, Job, Reply
from tb.oracle.golden import Golden
from tb.oracle.golden_worker import play

DEPTH = 12
DIE = Die(kv_depth=DEPTH)


@pytest.fixture(scope="module")
def ckpt(tmp_path_factory):
    return checkpoint.load(tiny.write(tmp_path_factory.mktemp("tiny") / "tiny.gguf"))


def played(ckpt, talks, adapters=()):
    """Steps and answer of each conversation."""
    job = Job(ckpt.path, DIE, talks, [], [str(path) for path in adapters])
    assert Job.from_json(json.dumps(dataclasses.asdict(job))) == job
    found, steps = {}, {}
    for item in play(job):
        if isinstance(item, Reply):
            found[item.index] = steps.pop(talks[item.index].slot, []), item
        else:
            steps.setdefault(item.slot, []).append(item)
    assert sorted(found) == list(range(len(talks))) and not steps
    return [found[index] for index in range(len(talks))]


@pytest.mark.parametrize("held", [1, DEPTH - 3, DEPTH - 2])
@pytest.mark.parametrize("more", [1, 2, 3, 5])
def test_a_prompt_without_room(ckpt, held, more):
    """What fits goes through and wants no answer; the last token comes back with End.CONTEXT."""
    prompt = list(range(20, 20 + more))
    (first, _), (steps, answer), (after, last) = played(
        ckpt,
        [Conversation(0, [7] * held, 2), Conversation(0, prompt, 1, first=False), Conversation(0, [9], 1, first=False)],
    )
    room = DEPTH - (held + 1)  # one of its two answers went in
    assert len(first) == held + 1
    assert [step.pos for step in steps] == list(range(held + 1, held + 1 + min(room, more)))
    if more <= room:
        assert answer.end == End.LIMIT and answer.tokens == [steps[-1].token_out]
    else:
        assert answer == Reply(1, prompt[-1:], End.CONTEXT)
        assert all(step.token_out is None for step in steps)
        assert (after, last) == ([], Reply(2, [9], End.CONTEXT))


def test_each_conversation_has_its_adapter_and_its_choice(ckpt, tmp_path):
    rng = np.random.default_rng(2)
    floats = [
        {name: LowRank(rng.normal(0, 0.1, (4, k)), rng.normal(0, 0.1, (n, 4))) for name, (n, k) in sizes.items()}
        for sizes in [module_sizes(ckpt.shape)] * 2
    ]
    folder = write(tmp_path / "peft", floats[0], ckpt.shape, "tiny")
    file = Adapter.of(floats[1], ckpt.shape, DIE, "random").save(tmp_path / "codes.npz")
    banks = [None, *(Adapter.load(path, ckpt.shape, DIE) for path in (folder, file))]
    choices = [Sampling(), Sampling(5, beta(2.0), 77)]
    talks = [
        Conversation(slot, [5, 6, 7], 4, adapter=bank, top_k=s.top_k, beta=s.beta, seed=s.seed)
        for slot, (bank, s) in enumerate(itertools.islice(itertools.product(range(3), choices), 6))
    ]
    talks = [dataclasses.replace(talk, slot=talk.slot % 2) for talk in talks]
    answers = [answer.tokens for _, answer in played(ckpt, talks, [folder, file])]
    for talk, answer in zip(talks, answers, strict=True):
        chip, tokens = Chip(ckpt, DIE), list(talk.tokens)
        for token in answer:
            step = chip.run(0, tokens, adapter=banks[talk.adapter], sampling=talk.sampling)[-1]
            assert step.token_out == token
            tokens = [token]
    assert len(set(map(tuple, answers))) == 6


def test_slots_take_turns(ckpt):
    """One more prompt and a token of every answer, then the next of each: all are followed from where a die begins."""
    talks = [Conversation(slot, [5 + slot, 6], 3) for slot in (0, 1, 0)]
    items = list(play(Job(ckpt.path, DIE, talks, [])))
    order = [item.index if isinstance(item, Reply) else (item.slot, item.pos) for item in items]
    both = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (0, 3), (1, 2), 0, (1, 3), (0, 0), (0, 1), 1]
    assert order == [*both, (0, 2), (0, 3), 2]


def test_a_token_that_nobody_asked_for(ckpt):
    """Everything asked is answered: a step beyond it is none, though conversations may still come."""
    golden = Golden(json.dumps(dataclasses.asdict(Job(ckpt.path, DIE, [], []))), more=True)
    try:
        assert golden.expect(0, 0) is None
        golden.add(Conversation(0, [5], 1))
        assert golden.expect(0, 0).token_in == 5 and golden.answer(0).end == End.LIMIT
        assert golden.expect(0, 1) is None
    finally:
        golden.close()
