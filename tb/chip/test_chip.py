# SPDX-License-Identifier: Apache-2.0
"""Tiny chips end to end: every stage of every token, the answers, and how conversations end."""

import pytest

from models.checkpoint import checkpoint, tiny
from models.die.shape import MATRICES
from models.errors import InputError
from tb.chip.job import BuiltChip
from tb.oracle.conversation import Conversation
from tb.rig.cases import by_day
from tb.rig.runner import simulators

ODD = {  # heads that share nothing, an FFN of five beats, a head of its own, 8-bit and 4-bit tensors in one array
    "layers": 2,
    "heads": 2,
    "kv_heads": 2,
    "head_dim": 32,
    "d_ffn": 160,
    "vocab": 100,
    "tied": False,
    "kinds": {"attn_q": "Q8_0", "blk.1.ffn_down.weight": "Q4_0", "blk.0.ffn_down.weight": "Q8_0", "token_embd": "Q4_1"},
}
ALONE = {"test": "one_after_another", "hold_cycles": True}
DEPTH = 12
TALKS = [  # both slots, both used again, the first carried on; two reach the end of the KV cache
    Conversation(0, [5, 6, 9], 3),
    Conversation(1, [50, 7], 99),
    Conversation(0, [11], 2, first=False),
    Conversation(1, list(range(20, 32)), 5),
    Conversation(0, [80, 81, 82, 83], 4),
]
ENDS = ["token limit", "context limit", "token limit", "context limit", "token limit"]


@pytest.fixture(scope="session")
def make(tmp_path_factory):
    """Builds the chip of a tiny checkpoint: make(shape, **what BuiltChip.of takes)."""

    def build(shape: dict | None = None, **die) -> BuiltChip:
        path = tiny.write(tmp_path_factory.mktemp("chip") / "tiny.gguf", **(shape or {}))
        return BuiltChip.of(checkpoint.load(path), **die)

    return build


def outcome(report: dict) -> list[tuple[list[int], str]]:
    """What a run's conversations answered, and why each ended."""
    return [(talk["answer"], talk["end"]) for talk in report["conversations"]]


def fed(report: dict) -> int:
    """Tokens that went through the layers: all prompts, and every answer token but the last."""
    return sum(len(talk["prompt"]) + len(talk["answer"]) - 1 for talk in report["conversations"])


@pytest.mark.parametrize("test", ["one_after_another", "interleaved"])
def test_conversations(make, test):
    alone = test == "one_after_another"
    report = make(kv_depth=DEPTH).run(TALKS, [], simulator="verilator", test=test, hold_cycles=alone)
    assert [end for _, end in outcome(report)] == ENDS
    assert [len(answer) for answer, _ in outcome(report)][0::2] == [3, 2, 4]
    assert report["mismatches"] == 0
    assert report["tokens_through_layers"] == fed(report)
    layers, chip = 3 * 16 * fed(report), fed(report) + 3 * sum(len(answer) for answer, _ in outcome(report))
    assert report["stages_compared"] == layers + chip


@pytest.mark.parametrize("test", ["one_after_another", "interleaved"])
def test_stop_token(make, test):
    """A slot that a stop token ended is carried on, used again, and stopped again; so is the other."""
    chip, talk = make(kv_depth=DEPTH), TALKS[0]
    ((free, _),) = outcome(chip.run([talk], [], simulator="verilator", **ALONE))
    rest = [Conversation(0, [11, 12], 2, first=False), talk, TALKS[1], Conversation(0, list(range(60, 72)), 5)]
    other = [Conversation(1, talk.tokens, talk.max_new), Conversation(1, [50], 1)]
    talks, alone = [talk, *rest, *other], test == "one_after_another"
    answers = outcome(chip.run(talks, [free[1]], simulator="verilator", test=test, hold_cycles=alone))
    stopped = free[: free.index(free[1]) + 1], "stop token"
    assert answers[0] == answers[2] == answers[5] == stopped
    assert answers[4][1] == "context limit"


@pytest.mark.night
def test_another_shape(make):
    """Multi-head attention, several slices, blocks of two and three passes, rows as slow as the hardware's: same tokens
    in the same cycles on both simulators, since nothing in the RTL depends on the order of events.
    """
    chip = make(ODD, kv_depth=4, block=dict.fromkeys(MATRICES, 64) | {"down": 96}, turn_clks=2)
    assert chip.die.slices == {"qkv": 2, "o": 1, "gateup": 1, "down": 2, "head": 2}
    talks = [Conversation(1, [5, 6], 2)]
    runs = [chip.run(talks, [], simulator=s, poll=200, **ALONE) for s in simulators()]
    assert runs[0]["tokens_through_layers"] == 3
    for run in runs:
        assert outcome(run) == outcome(runs[0])
        cycles = [cycle for _, cycle, *_ in run["arrivals"]]
        assert len(cycles) == 2 and cycles == [cycle for _, cycle, *_ in runs[0]["arrivals"]]


# Verilator compiles it for longer than Icarus runs.
@pytest.mark.parametrize(("simulator",), by_day(((one,) for one in simulators()), late=[("verilator",)]))
def test_one_head(make, simulator):
    """One head, one layer, and many positions: the order in which a simulator takes its blocks depends on the shape."""
    talk = Conversation(0, [1, 87, 85, 111, 97, 102, 78, 78, 81, 2, 97, 1, 67, 117, 135, 97], 2)
    report = make(tiny.LEAST | {"vocab": 150}, kv_depth=24).run([talk], [], simulator=simulator, poll=200, **ALONE)
    assert report["tokens_through_layers"] == 17


@pytest.mark.once
@pytest.mark.parametrize(
    ("talks", "message"),
    [
        ([], "there is nothing to run"),
        ([Conversation(0, [], 1)], "the prompt is empty"),
        ([Conversation(0, [1] * (DEPTH + 1), 1)], f"the prompt has {DEPTH + 1} tokens, the KV cache holds {DEPTH}"),
        ([Conversation(2, [1], 1)], "slot 2 of 2"),
        ([Conversation(-1, [1], 1)], "slot -1 of 2"),
        ([Conversation(0, [1], 0)], "0 tokens of answer"),
        ([Conversation(0, [1], 65536)], "65536 tokens of answer"),
        ([Conversation(0, [1], 1), Conversation(0, [150], 1)], "token 150 is not in the vocabulary"),
        ([Conversation(0, [-1], 1)], "token -1 is not in the vocabulary"),
    ],
)
def test_bad_input(make, talks, message):
    with pytest.raises(InputError, match=message):
        make(kv_depth=DEPTH).run(talks, [], simulator="icarus", **ALONE)


@pytest.mark.once
def test_clocks_of_a_lone_user(make):
    """A clock more or less than the cycle model has is told, with the position."""
    chip = make(kv_depth=DEPTH)

    def hold(late: int) -> None:
        arrivals = [(0.0, 1000, 3, 0, 0), (0.1, 1000 + chip.cycles.token(3) + late, 4, 0, 0)]
        chip.hold_cycles(arrivals, TALKS, [])

    hold(0)
    for late in (-1, 1):
        with pytest.raises(AssertionError, match="the token at position 3 took "):
            hold(late)


@pytest.mark.once
def test_longest_prompt_is_taken(make):
    make(kv_depth=DEPTH).check([Conversation(1, [149] * DEPTH, 65535)])
