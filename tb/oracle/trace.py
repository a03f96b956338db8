# SPDX-License-Identifier: Apache-2.0
"""The monitor: reads what the stage taps wrote and gives whole stage values, every beat accounted for."""

import ctypes
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.die.shape import Shape
from models.golden.stage import Stage
from tb.oracle.place import Place

FLUSH = ctypes.CDLL(None).fflush  # the simulator writes through C streams of this very process
KEPT = 1 << 20  # bytes that may stay in a file when they have been read: to empty it takes as long as to check it

Mark = list[tuple[str, int]]  # names of files, and their bytes


class TraceError(Exception):
    """A stage's beats are missing, doubled, out of order, or from nowhere."""


@dataclass(frozen=True)
class Observed:
    """What a stage put out for a token: int32 values in stream order."""

    place: Place
    values: np.ndarray


class Trace:
    """The trace files of a run, read while it goes on. ``folder`` is what +trace= names, ``lanes`` the die's."""

    def __init__(self, folder: Path, shape: Shape, lanes: int) -> None:
        self.folder, self.shape, self.lanes = folder, shape, lanes
        self.pending: dict[Path, np.ndarray] = {}
        self.taken: dict[str, int] = {}  # bytes of a file that have been read
        beats = {
            Stage.Q: shape.d_q,
            Stage.K: shape.d_kv,
            Stage.V: shape.d_kv,
            Stage.Q_ROPE: shape.d_q,
            Stage.K_ROPE: shape.d_kv,
            Stage.ATTN_OUT: shape.d_q,
            Stage.GATE: shape.d_ffn,
            Stage.UP: shape.d_ffn,
            Stage.SILU_MUL: shape.d_ffn,
            Stage.LOGITS: shape.matrix_size("head", lanes)[1],
            Stage.TOKEN: lanes,
        }
        self.beats = {stage: beats.get(stage, shape.d_model) // lanes for stage in Stage}

    def mark(self) -> Mark:
        """How far the files are now: what the simulator writes from here on is for a later mark.

        Those that have been read to their end are emptied now and then: not while ``read`` is at work.
        """
        FLUSH(None)
        with os.scandir(self.folder) as entries:
            sizes = {entry.name: entry.stat().st_size for entry in entries if entry.name.startswith("trace_")}
        for name, size in sizes.items():
            if size == self.taken.get(name, 0) > KEPT:
                os.truncate(self.folder / name, 0)  # the simulator appends: it goes on at the new end
                self.taken[name] = sizes[name] = 0
        return sorted(sizes.items())

    def read(self, mark: Mark | None = None) -> Iterator[Observed]:
        """What is complete up to a mark, or up to now, since the last call. TraceError on lost beats."""
        for path, records in self.records(mark):
            if path in self.pending:
                records = np.concatenate([self.pending.pop(path), records])
            yield from self._vectors(path, records)

    def records(self, mark: Mark | None = None) -> Iterator[tuple[Path, np.ndarray]]:
        """What was written up to a mark, or up to now, since the last call: words uint32 [n, lanes + 2] of a file."""
        for name, size in self.mark() if mark is None else mark:
            taken = self.taken.get(name, 0)
            if size == taken:  # most layers have been at rest since
                continue
            path = self.folder / name
            with path.open("rb") as file:
                file.seek(taken)
                raw = file.read(size - taken)
            words = self.lanes + 2  # of a record: see hdl/stage_tap.sv
            if len(raw) % (4 * words):
                raise TraceError(f"{path.name} ends inside a record")
            self.taken[name] = size
            yield path, np.frombuffer(raw, dtype=np.uint32).reshape(-1, words)

    def unfinished(self) -> list[Place]:
        """Where only some beats of a stage were seen, in dataflow order."""
        return sorted({_place(*row) for rows in self.pending.values() for row in rows[:, :2].tolist()})

    def _vectors(self, path: Path, records: np.ndarray) -> Iterator[Observed]:
        if not len(records):
            return
        key = records[:, 0].astype(np.uint64) << np.uint64(16) | records[:, 1] & 0xFFFF
        order = np.argsort(key, kind="stable")
        records, key = records[order], key[order]
        data = np.ascontiguousarray(records[:, 2:]).view(np.int32)
        starts = np.flatnonzero(np.concatenate([[True], key[1:] != key[:-1]]))
        ends = np.concatenate([starts[1:], [len(key)]])
        try:
            places = [_place(*head) for head in records[starts, :2].tolist()]
        except ValueError as problem:
            raise TraceError(f"{path.name}: {problem}") from None
        wanted = [self._wanted(place) for place in places]
        # A slot that is used again may give the same position twice between two reads.
        beat = (np.arange(len(key)) - np.repeat(starts, ends - starts)) % np.repeat(wanted, ends - starts)
        wrong = np.flatnonzero(records[:, 1] >> 16 != beat)
        left = []
        for place, want, start, end in zip(places, wanted, starts.tolist(), ends.tolist(), strict=True):
            if len(wrong) and start <= wrong[0] < end:
                raise TraceError(f"{place}: beats are missing, doubled or out of order")
            whole = end - (end - start) % want
            for first in range(start, whole, want):
                yield Observed(place, self._values(place.stage, data[first : first + want]))
            if whole != end:
                left.append(records[whole:end])
        if left:
            self.pending[path] = np.concatenate(left)

    def _wanted(self, place: Place) -> int:
        """Beats of a whole vector."""
        if place.stage is Stage.ATTN_WEIGHT:
            return (place.pos + 1) * -(-self.shape.heads // self.lanes)
        return self.beats[place.stage]

    def _values(self, stage: Stage, data: np.ndarray) -> np.ndarray:
        if stage is Stage.ATTN_WEIGHT:
            rows = len(data) // -(-self.shape.heads // self.lanes)
            return data.reshape(rows, -1)[:, : self.shape.heads].ravel()
        values = data.ravel()
        if stage is Stage.TOKEN:
            return values[:1]
        return values[: self.shape.vocab] if stage is Stage.LOGITS else values


def _place(head: int, where: int) -> Place:
    """Where a record is from, from its first two words. ValueError for a stage that there is not."""
    return Place(head >> 8 & 0xFF, where & 0xFFFF, head >> 16 & 0xFF, Stage(head >> 24))
