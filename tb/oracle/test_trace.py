# SPDX-License-Identifier: Apache-2.0
"""The trace reader on records written here: whole vectors come out, and no lost or doubled beat goes unseen."""

import numpy as np
import pytest

from models.die.shape import LANES, Shape
from models.golden.stage import CHIP, Stage
from tb.oracle.place import Place
from tb.oracle.trace import Trace, TraceError

SHAPE = Shape(2, 64, 4, 2, 16, 96, 70, 1e-5, 10000.0, 16)


def record(stage: int, beat: int, values=0, *, layer: int = 0, slot: int = 0, pos: int = 0) -> bytes:
    """A record as hdl/stage_tap.sv describes it."""
    head = [stage << 24 | layer << 16 | slot << 8, beat << 16 | pos]
    data = np.broadcast_to(np.asarray(values, dtype=np.int64), LANES) & 0xFFFFFFFF
    return np.concatenate([np.array(head), data]).astype("<u4").tobytes()


@pytest.fixture
def trace(tmp_path):
    """A trace over an empty folder, and ``add`` to write to one of its files."""
    made = Trace(tmp_path, SHAPE, LANES)

    def add(*records: bytes, file: str = "trace_000.bin") -> Trace:
        with (tmp_path / file).open("ab") as out:
            out.write(b"".join(records))
        return made

    return add


def test_vector(trace):
    values = np.arange(64) - 32
    trace(record(Stage.O_PROJ, 0, values[:32], layer=1, slot=3, pos=9))
    (seen,) = trace(record(Stage.O_PROJ, 1, values[32:], layer=1, slot=3, pos=9)).read()
    assert seen.place == Place(3, 9, 1, Stage.O_PROJ)
    assert seen.values.dtype == np.int32
    assert seen.values.tolist() == values.tolist()


@pytest.mark.parametrize(
    ("stage", "beats"),
    [(Stage.Q, 2), (Stage.K, 1), (Stage.V, 1), (Stage.GATE, 3), (Stage.UP, 3), (Stage.SILU_MUL, 3), (Stage.DOWN, 2)],
)
def test_widths(trace, stage, beats):
    (seen,) = trace(*(record(stage, beat) for beat in range(beats))).read()
    assert len(seen.values) == beats * LANES


def test_padding_is_cut(trace):
    logits = [record(Stage.LOGITS, beat, beat, layer=CHIP) for beat in range(3)]
    token = record(Stage.TOKEN, 0, [7] + [1] * 31, layer=CHIP)
    seen = {item.place.stage: item.values.tolist() for item in trace(*logits, token).read()}
    assert seen == {Stage.LOGITS: [0] * 32 + [1] * 32 + [2] * 6, Stage.TOKEN: [7]}


def test_weights_are_a_beat_a_position(trace):
    beats = [record(Stage.ATTN_WEIGHT, t, np.arange(LANES) + 100 * t, pos=2) for t in range(3)]
    (seen,) = trace(*beats).read()
    assert seen.values.tolist() == [0, 1, 2, 3, 100, 101, 102, 103, 200, 201, 202, 203]


def test_stages_and_files_mix(trace):
    trace(record(Stage.Q, 0), record(Stage.K, 0), record(Stage.Q, 1))
    seen = list(trace(record(Stage.K, 0, layer=1), file="trace_001.bin").read())
    assert [(item.place.layer, item.place.stage) for item in seen] == [(0, Stage.Q), (0, Stage.K), (1, Stage.K)]


@pytest.mark.parametrize("kept", [0, 1 << 20], ids=["emptied", "left"])
def test_read_again(trace, tmp_path, monkeypatch, kept):
    """Beats wait for the rest of their vector; what was read does not come again, whether it is still there or not."""
    monkeypatch.setattr("tb.oracle.trace.KEPT", kept)
    assert not list(trace(record(Stage.Q, 0, 1)).read())
    assert trace().unfinished() == [Place(0, 0, 0, Stage.Q)]
    (seen,) = trace(record(Stage.Q, 1, 2)).read()
    assert seen.values.tolist() == [1] * 32 + [2] * 32
    assert not list(trace().read())
    assert not trace().unfinished()
    assert bool((tmp_path / "trace_000.bin").stat().st_size) == bool(kept)


def test_position_again(trace):
    """A slot that is used again gives the same position twice between two reads."""
    seen = trace(*(record(Stage.K, 0, value) for value in (1, 2))).read()
    assert [item.values[0] for item in seen] == [1, 2]


def test_missing_last_beat(trace):
    assert not list(trace(record(Stage.FINAL_NORM, 0, layer=CHIP, slot=1, pos=4)).read())
    assert trace().unfinished() == [Place(1, 4, CHIP, Stage.FINAL_NORM)]


@pytest.mark.parametrize("beats", [(1,), (0, 0, 1), (1, 0), (0, 2), (0, 1, 1)], ids=str)
def test_beats_lost_doubled_or_swapped(trace, beats):
    read = trace(*(record(Stage.Q, beat, pos=3, layer=1) for beat in beats)).read()
    with pytest.raises(
        TraceError, match="slot 0, position 3, layer 1, stage q: beats are missing, doubled or out of order"
    ):
        list(read)


@pytest.mark.parametrize("size", [1, 4, 135])
def test_truncated_record(trace, size):
    with pytest.raises(TraceError, match=r"trace_000\.bin ends inside a record"):
        list(trace(record(Stage.K, 0), record(Stage.K, 0)[:size]).read())


def test_unknown_stage(trace):
    with pytest.raises(TraceError, match=r"trace_000\.bin: 20 is not a valid Stage"):
        list(trace(record(20, 0)).read())


def test_empty(trace):
    assert not list(trace().read())
    assert not list(trace(b"").read())
