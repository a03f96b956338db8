# SPDX-License-Identifier: Apache-2.0
"""The die behind its host port, with many users: answers are those that each would get alone."""

import random

import pytest

from models.checkpoint import checkpoint, tiny
from tb.cartridge import adapters
from tb.chip.job import BuiltChip
from tb.oracle.conversation import Conversation
from tb.rig.runner import default_seed, simulators

DEPTH = 12
USERS = 8
STOP = [36, 48, 99, 121]  # tokens that the tiny model likes


@pytest.fixture(scope="session")
def make(tmp_path_factory):
    """Builds a tiny chip of eight slots: make(shape, **what BuiltChip.of takes)."""

    def build(shape: dict, **die) -> BuiltChip:
        path = tiny.write(tmp_path_factory.mktemp("cartridge") / "tiny.gguf", **shape)
        return BuiltChip.of(checkpoint.load(path), kv_depth=DEPTH, slots=USERS, **die)

    return build


def schedule(chip: BuiltChip, count: int, seed: int, banks: int) -> list[Conversation]:
    """Random conversations in random slots: new and carried on, greedy and sampled, with and without adapters, some to
    the end of the context.
    """
    pick, opened, talks = random.Random(seed), {}, []
    for _ in range(count):
        slot = pick.randrange(USERS)
        first = slot not in opened or pick.random() < 0.6
        adapter = pick.randrange(banks + 1) if first else opened[slot]
        opened[slot] = adapter
        tokens = [pick.randrange(chip.ckpt.shape.vocab) for _ in range(pick.randint(1, 5))]
        how = {"top_k": pick.choice([1, 1, 2, 5, 16]), "beta": pick.choice([500, 94548, 1 << 20])}
        talks.append(Conversation(slot, tokens, pick.randint(1, 5), first, adapter, seed=pick.getrandbits(32), **how))
    return talks


@pytest.mark.parametrize("simulator", simulators())
def test_random_users(make, simulator, tmp_path):
    """Every answer and every stage of every token equals the golden model's, which runs each conversation by itself."""
    count = 100 if simulator == "verilator" else 6
    chip = make({}) if simulator == "verilator" else make(tiny.LEAST, rank=2)
    resident = [str(adapters.random(chip, seed, tmp_path / f"{seed}.npz")) for seed in (1, 2)]
    talks = schedule(chip, count, default_seed(), len(resident))
    report = chip.run(
        talks, STOP, simulator=simulator, test="interleaved", bench="cartridge", adapters=resident, poll=300
    )
    assert report["mismatches"] == 0 and len(report["conversations"]) == count
    if simulator == "verilator":
        assert {talk["end"] for talk in report["conversations"]} == {"stop token", "token limit", "context limit"}
    assert report["counters"]["tokens_out"] == sum(len(talk["answer"]) for talk in report["conversations"])


def test_clocks(make, tmp_path):
    """A lone user's tokens take the clocks of the cycle model, adapters and sampling included."""
    chip = make({})
    resident = [str(adapters.random(chip, 3, tmp_path / "some.npz", keep=0.3))]
    talks = [
        Conversation(0, [5, 6], 4),
        Conversation(3, [5, 6], 4, adapter=1),
        Conversation(3, [9], 4, first=False, adapter=1, top_k=16, seed=11),
        Conversation(7, [5, 6], 4, top_k=3),
        Conversation(1, [5, 6, 9], 4),  # ends with a stop token
        Conversation(1, list(range(20, 30)), 9),  # fills its context
    ]
    report = chip.run(
        talks,
        STOP,
        simulator="verilator",
        test="one_after_another",
        hold_cycles=True,
        bench="cartridge",
        adapters=resident,
    )
    assert [talk["end"] for talk in report["conversations"][-2:]] == ["stop token", "context limit"]


def test_stop(make):
    """A STOP ends its slot's answer with the next token, and no other slot's; the slot goes on behind it."""
    talks = [Conversation(slot, [5 + slot, 6], 2 + slot % 4) for slot in range(USERS)]
    talks += [Conversation(slot, [9], 2, first=False) for slot in range(USERS)]
    report = make({}).run(talks, [], simulator="verilator", test="stopped", bench="cartridge", poll=50)
    assert {talk["end"] for talk in report["conversations"]} == {"token limit"}
