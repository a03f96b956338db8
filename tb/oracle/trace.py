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

    def read(self) -> Iterator[Observed]:
        """What is complete since the last call. Files are emptied as they are read. TraceError on lost beats."""
        FLUSH(None)
        for path in sorted(self.folder.glob("trace_*.bin")):
            if not path.stat().st_size:  # most layers have been at rest since
                continue
            raw = path.read_bytes()
            words = self.lanes + 2  # of a record: see hdl/stage_tap.sv
            usable = len(raw) - len(raw) % (4 * words)
            if usable != len(raw):
                raise TraceError(f"{path.name} ends inside a record")
            os.truncate(path, 0)  # the simulator appends: it goes on at the new end
            records = np.frombuffer(raw, dtype=np.uint32).reshape(-1, words)
            if path in self.pending:
                records = np.concatenate([self.pending.pop(path), records])
            yield from self._vectors(path, records)

    def unfinished(self) -> list[Place]:
        """Where only some beats of a stage were seen, in dataflow order."""
        return sorted({_place(row) for rows in self.pending.values() for row in rows})

    def _vectors(self, path: Path, records: np.ndarray) -> Iterator[Observed]:
        if not len(records):
            return
        pos = records[:, 1] & 0xFFFF
        key = records[:, 0].astype(np.uint64) << np.uint64(16) | pos
        order = np.argsort(key, kind="stable")
        records, key = records[order], key[order]
        starts = np.flatnonzero(np.r_[True, key[1:] != key[:-1]])
        left = []
        for start, end in zip(starts, np.r_[starts[1:], len(key)], strict=True):
            group = records[start:end]
            try:
                place = _place(group[0])
            except ValueError as problem:
                raise TraceError(f"{path.name}: {problem}") from None
            want = self._wanted(place)
            # A slot that is used again may give the same position twice between two reads.
            for first in range(0, len(group), want):
                vector = group[first : first + want]
                if not np.array_equal(vector[:, 1] >> 16, np.arange(len(vector))):
                    raise TraceError(f"{place}: beats are missing, doubled or out of order")
                if len(vector) < want:
                    left.append(vector)
                    continue
                yield Observed(place, self._values(place.stage, vector[:, 2:]))
        if left:
            self.pending[path] = np.concatenate(left)

    def _wanted(self, place: Place) -> int:
        """Beats of a whole vector."""
        if place.stage is Stage.ATTN_WEIGHT:
            return (place.pos + 1) * -(-self.shape.heads // self.lanes)
        return self.beats[place.stage]

    def _values(self, stage: Stage, data: np.ndarray) -> np.ndarray:
        values = np.ascontiguousarray(data).view(np.int32)
        if stage is Stage.ATTN_WEIGHT:
            rows = len(values) // -(-self.shape.heads // self.lanes)
            return values.reshape(rows, -1)[:, : self.shape.heads].ravel()
        values = values.ravel()
        if stage is Stage.TOKEN:
            return values[:1]
        return values[: self.shape.vocab] if stage is Stage.LOGITS else values


def _place(record: np.ndarray) -> Place:
    """Where a record is from. ValueError for a stage that there is not."""
    head, where = int(record[0]), int(record[1])
    return Place(head >> 8 & 0xFF, where & 0xFFFF, head >> 16 & 0xFF, Stage(head >> 24))
