# SPDX-License-Identifier: Apache-2.0
"""The scoreboard on steps made here: every wrong, missing, doubled or foreign stage is named."""

import random
from dataclasses import replace

import numpy as np
import pytest

from models.golden.chip import Step
from models.golden.stage import CHIP, Stage
from tb.oracle.place import Place
from tb.oracle.scoreboard import Mismatch, Scoreboard
from tb.oracle.trace import Observed

LAYERS = 2
FLOW = [  # (stage, layer) in dataflow order
    (Stage.EMBEDDING, CHIP),
    *((stage, layer) for layer in range(LAYERS) for stage in list(Stage)[1:-3]),
    *((stage, CHIP) for stage in list(Stage)[-3:]),
]
WHERE = ["chip" if layer == CHIP else f"layer {layer}" for _, layer in FLOW]
VALUES = np.array([3, -4, 5, -6], dtype=np.int32)


def step(slot: int, pos: int) -> Step:
    """A golden step of equal stages; the token in is 100 + pos."""
    return Step(slot, pos, 100 + pos, dict.fromkeys(FLOW, VALUES), 7)


def seen(slot: int = 0, pos: int = 0) -> list[Observed]:
    """What a chip without a fault puts out for a token."""
    return [Observed(Place(slot, pos, layer, stage), VALUES) for stage, layer in FLOW]


def spoilt(item: Observed, index: int = 0) -> Observed:
    """An observation with one value one too large."""
    values = item.values.copy()
    values[index] += 1
    return replace(item, values=values)


@pytest.fixture
def board() -> Scoreboard:
    """Of a golden model with two positions in slots 0 and 1."""
    steps = {(slot, pos): step(slot, pos) for slot in range(2) for pos in range(2)}
    return Scoreboard(lambda slot, pos: steps.pop((slot, pos), None))


def test_all_equal(board):
    batch = [*seen(), *seen(1), *seen(0, 1)]
    random.Random(1).shuffle(batch)
    for start in range(0, len(batch), 7):
        board.check(batch[start : start + 7])
    board.finish()
    assert (board.tokens, board.stages, board.values) == (3, 3 * len(FLOW), 12 * len(FLOW))


@pytest.mark.parametrize("at", range(len(FLOW)), ids=lambda at: f"{FLOW[at][0].name}-{FLOW[at][1]}")
@pytest.mark.parametrize("index", [0, 3])
def test_wrong_value(board, at, index):
    batch = seen(1, 1)
    batch[at] = spoilt(batch[at], index)
    with pytest.raises(Mismatch) as mismatch:
        board.check(batch)
    stage = FLOW[at][0]

    def said(value: int) -> str:
        return f"{value}" if stage is Stage.TOKEN else f"{value} = {value / 2**stage.fraction:.6g}"

    assert str(mismatch.value) == (
        f"first divergence: slot 1, position 1, {WHERE[at]}, stage {stage.name.lower()}, "
        f"index {index}: expected {said(VALUES[index])}, got {said(VALUES[index] + 1)} (token 101)"
    )


def test_first_is_first_in_dataflow(board):
    """Whatever order a batch has, the cause is named: a position before the next, then along the layers."""
    batch = [spoilt(item) for item in (*seen(0, 0), *seen(0, 1))]
    for begin in (0, 1, len(FLOW) // 2, len(FLOW) - 1, len(FLOW)):
        fresh = Scoreboard(step)
        rest = batch[begin:]
        random.Random(begin).shuffle(rest)
        pos, at = divmod(begin, len(FLOW))
        with pytest.raises(Mismatch, match=f"position {pos}, {WHERE[at]}, stage {FLOW[at][0].name.lower()},"):
            fresh.check(rest)


def test_wrong_size(board):
    with pytest.raises(Mismatch, match="layer 0, stage attn_norm: 3 values, not 4"):
        board.check([replace(seen()[1], values=VALUES[:3])])


@pytest.mark.parametrize("at", range(len(FLOW)), ids=lambda at: f"{FLOW[at][0].name}-{FLOW[at][1]}")
def test_missing_stage(board, at):
    batch = seen()
    del batch[at]
    board.check(batch)
    place = f"slot 0, position 0, {WHERE[at]}, stage {FLOW[at][0].name.lower()}"
    with pytest.raises(Mismatch, match=f"^1 stages never came, the first: {place}$"):
        board.finish()


def test_first_of_the_missing_stages(board):
    board.check(seen()[:5])
    with pytest.raises(Mismatch, match=r"the first: slot 0, position 0, layer 0, stage q_rope$"):
        board.finish()


def test_stage_twice(board):
    batch = seen()
    with pytest.raises(Mismatch, match="slot 0, position 0, layer 1, stage up came twice, or should not have come"):
        board.check([*batch[:-1], next(item for item in batch if item.place == Place(0, 0, 1, Stage.UP))])


def test_stage_of_no_layer(board):
    with pytest.raises(Mismatch, match="layer 2, stage q came twice, or should not have come"):
        board.check([replace(seen()[2], place=Place(0, 0, 2, Stage.Q))])


@pytest.mark.parametrize(("slot", "pos"), [(2, 0), (0, 2)])
def test_token_the_golden_model_never_saw(board, slot, pos):
    with pytest.raises(
        Mismatch, match=f"slot {slot}, position {pos}, chip, stage embedding: the golden model has no such token"
    ):
        board.check(seen(slot, pos))


def test_token_twice(board):
    board.check(seen())
    with pytest.raises(Mismatch, match="slot 0, position 0, chip, stage embedding: the golden model has no such token"):
        board.check(seen())


def test_nothing_compared(board):
    board.check([])
    with pytest.raises(Mismatch, match="nothing was compared"):
        board.finish()


def test_a_divergence_before_a_stranger(board):
    """A token that should not be there follows from the value that went wrong: that value is named."""
    with pytest.raises(Mismatch, match=r"^first divergence: slot 0, position 0, chip, stage embedding"):
        board.check([*seen(0, 2), spoilt(seen()[0])])
