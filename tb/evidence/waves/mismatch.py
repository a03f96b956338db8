# SPDX-License-Identifier: Apache-2.0
"""When a failed run first went wrong: from its record and its trace."""

from dataclasses import dataclass

from models.golden.stage import Stage
from tb.evidence.waves.signals import Signals, Tap
from tb.oracle.finding import Divergence
from tb.rig.bundles import Tag
from tb.rig.record import Record


@dataclass(frozen=True)
class FirstWrong:
    """The first thing that is wrong: ``time`` in units of the trace; for a stage of the chip its tap and lane too."""

    time: int
    message: str
    tap: Tap | None = None
    lane: int | None = None


def find(record: Record, signals: Signals, heads: int = 1) -> FirstWrong | None:
    """What was first wrong in the test that failed; None if none did, or the run ended before it left results.

    It is when the wrong beat was accepted, as far as the record tells which, else when the test failed. ``heads`` is
    how many values of attn_weight a position has.
    """
    if not record.failed_test:
        return None
    if record.divergence:
        for time, tap, lane in _candidates(signals, record.divergence, heads):
            if time <= record.stopped_ns * signals.ns:
                return FirstWrong(time, record.said, tap, lane)
    ns = record.stopped_ns if record.accepted_ns is None else record.accepted_ns
    return FirstWrong(round(ns * signals.ns), record.said)


def _candidates(signals: Signals, divergence: Divergence, heads: int) -> list[tuple[int, Tap, int]]:
    """(time, tap, lane) of beats that hold the diverging value as it was, the last one first: a slot is used again."""
    place, found = divergence.place, []
    for tap in signals.taps():
        if (tap.stage, tap.layer) != (place.stage, place.layer):
            continue
        lanes = signals.lanes(tap)
        beat, lane = divmod(divergence.index, lanes)
        if place.stage is Stage.ATTN_WEIGHT:  # a row of heads a position, in beats of its own
            row, head = divmod(divergence.index, heads)
            beat, lane = row * -(-heads // lanes) + head // lanes, head % lanes
        for time, tag, number, first, values in signals.beats(tap):
            whose = Tag.unpack(tag)
            if (whose.slot, whose.pos, number) == (place.slot, place.pos, beat):
                if values and values[first + lane] == divergence.got & 0xFFFFFFFF:
                    found.append((time, tap, first + lane))
    return sorted(found, key=lambda item: item[0], reverse=True)
