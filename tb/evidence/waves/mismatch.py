"""When a failed run first went wrong: from its results.xml and its trace."""

import re
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from models.golden.stage import CHIP, Stage
from tb.evidence.waves.signals import Signals, Tap

# As tb/oracle/scoreboard.py and tb/rig/stream.py say it.
DIVERGENCE = re.compile(
    r"first divergence: slot (\d+), position (\d+), token \d+, (?:chip|layer (\d+)), stage (\w+), index (\d+): "
    r"expected -?\d+, got (-?\d+)"
)
ACCEPTED = re.compile(r"accepted at (\d+(?:\.\d+)?) ns")


@dataclass(frozen=True)
class Place:
    """What the scoreboard says of a divergence."""

    slot: int
    pos: int
    layer: int
    stage: Stage
    index: int
    got: int

    @classmethod
    def of(cls, message: str) -> "Place | None":
        """The divergence that a message names, if it names one."""
        found = DIVERGENCE.search(message)
        if not found:
            return None
        slot, pos, layer, stage, index, got = found.groups(str(CHIP))
        return cls(int(slot), int(pos), int(layer), Stage[stage.upper()], int(index), int(got))


@dataclass(frozen=True)
class Mismatch:
    """The first thing that is wrong: ``time`` in units of the trace; for a stage of the chip its tap and lane too."""

    time: int
    message: str
    tap: Tap | None = None
    lane: int | None = None


def find(results: Path, signals: Signals, heads: int = 1) -> Mismatch | None:
    """The mismatch of the first test that failed; None if none did, or the run ended before it left results.

    It is when the wrong beat was accepted, as far as the failure tells which, else when the test failed. ``heads`` is
    how many values of attn_prob a position has.
    """
    failure, stopped = _first_failure(results)
    if failure is None:
        return None
    if place := Place.of(failure):
        for time, tap, lane in _candidates(signals, place, heads):
            if time <= stopped * signals.ns:
                return Mismatch(time, failure, tap, lane)
    accepted = ACCEPTED.search(failure)
    return Mismatch(round((float(accepted[1]) if accepted else stopped) * signals.ns), failure)


def _first_failure(results: Path) -> tuple[str | None, float]:
    """(message, simulated ns) of the first failed test."""
    try:
        cases = ElementTree.parse(results).findall(".//testcase")
    except (OSError, ElementTree.ParseError):
        return None, 0
    for case in cases:
        failure = case.find("failure") if case.find("failure") is not None else case.find("error")
        if failure is not None:
            stop = case.find("properties/property[@name='sim_time_stop']")
            return failure.get("message") or "", float(stop.get("value")) if stop is not None else 0
    return None, 0


def _candidates(signals: Signals, place: Place, heads: int) -> list[tuple[int, Tap, int]]:
    """(time, tap, lane) of beats that hold the diverging value as it was, the last one first: a slot is used again."""
    found = []
    for tap in signals.taps():
        if (tap.stage, tap.layer) != (place.stage, place.layer):
            continue
        lanes = signals.width(f"{tap.scope}.data_i") // 32
        beat, lane = divmod(place.index, lanes)
        if place.stage is Stage.ATTN_PROB:  # a row of heads a position, in beats of its own
            row, head = divmod(place.index, heads)
            beat, lane = row * -(-heads // lanes) + head // lanes, head % lanes
        for time, tag, number, values in signals.beats(tap):
            if (tag >> 16 & 0xFF, tag & 0xFFFF, number) == (place.slot, place.pos, beat):
                if values and values[lane] == place.got & 0xFFFFFFFF:
                    found.append((time, tap, lane))
    return sorted(found, key=lambda item: item[0], reverse=True)
