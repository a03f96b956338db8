"""The monitor: reads what the stage taps wrote and gives whole stage values, every beat accounted for."""

import ctypes
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.die.shape import Shape
from models.golden.stage import CHIP, Stage

FLUSH = ctypes.CDLL(None).fflush  # the simulator writes through C streams of this very process


class TraceError(Exception):
    """A stage's beats are missing, doubled, out of order, or from nowhere."""


@dataclass(frozen=True)
class Observed:
    """What one stage of one layer put out for one token: int32 values in stream order."""

    slot: int
    pos: int
    layer: int
    stage: Stage
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

    def unfinished(self) -> list[str]:
        """Names of stages of which only some beats were seen."""
        return sorted({_name(int(row[0]), int(row[1]) & 0xFFFF) for rows in self.pending.values() for row in rows})

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
            head, where = int(records[start, 0]), int(records[start, 1]) & 0xFFFF
            group = records[start:end]
            try:
                stage = Stage(head >> 24)
            except ValueError:
                raise TraceError(f"{path.name} holds stage {head >> 24}, which does not exist") from None
            want = self._wanted(stage, where)
            # A slot that is used again may give the same position twice between two reads.
            for first in range(0, len(group), want):
                vector = group[first : first + want]
                if not np.array_equal(vector[:, 1] >> 16, np.arange(len(vector))):
                    raise TraceError(f"{_name(head, where)}: beats are missing, doubled or out of order")
                if len(vector) < want:
                    left.append(vector)
                    continue
                yield Observed(head >> 8 & 0xFF, where, head >> 16 & 0xFF, stage, self._values(stage, vector[:, 2:]))
        if left:
            self.pending[path] = np.concatenate(left)

    def _wanted(self, stage: Stage, pos: int) -> int:
        return (pos + 1) * -(-self.shape.heads // self.lanes) if stage is Stage.ATTN_PROB else self.beats[stage]

    def _values(self, stage: Stage, data: np.ndarray) -> np.ndarray:
        values = np.ascontiguousarray(data).view(np.int32)
        if stage is Stage.ATTN_PROB:
            rows = len(values) // -(-self.shape.heads // self.lanes)
            return values.reshape(rows, -1)[:, : self.shape.heads].ravel()
        values = values.ravel()
        if stage is Stage.TOKEN:
            return values[:1]
        return values[: self.shape.vocab] if stage is Stage.LOGITS else values


def _name(head: int, pos: int) -> str:
    layer = head >> 16 & 0xFF
    where = "chip" if layer == CHIP else f"layer {layer}"
    return f"slot {head >> 8 & 0xFF} position {pos} {where} {Stage(head >> 24).name.lower()}"
