# SPDX-License-Identifier: Apache-2.0
"""The figures of a run of one conversation: what ``make sim`` and ``make bench`` measure."""

from pathlib import Path

from models.checkpoint.checkpoint import Checkpoint
from models.die.shape import macs, weight_counts
from tb.rig import toolchain


def summarise(ckpt: Checkpoint, simulator: str, view: str, report: dict, build_s: float, total_s: float) -> dict:
    """The figures of a run of one conversation, under the names of build/results/sim.json, from Chip.run's report."""
    talk, arrivals = report["conversations"][0], report["arrivals"]
    answered = len(talk["answer"])
    decode_s = arrivals[-1][0] - arrivals[0][0]
    through, whole = macs(ckpt.shape, head=False), macs(ckpt.shape, head=True)
    work = report["tokens_through_layers"] * through + answered * (whole - through)
    return {
        "model": Path(ckpt.path).name,
        "checkpoint_sha256": ckpt.sha256,
        "simulator": toolchain.describe(simulator),
        "view": view,
        "answer_tokens": answered,
        "end": talk["end"],
        "tokens_through_layers": report["tokens_through_layers"],
        "layers": ckpt.shape.layers,
        "stages_compared": report["stages_compared"],
        "values_compared": report["values_compared"],
        "mismatches": report["mismatches"],
        "cycles": report["cycles"],
        "cycles_per_token": (arrivals[-1][1] - arrivals[0][1]) / (answered - 1) if answered > 1 else None,
        "decode_tokens_per_second": (answered - 1) / decode_s if answered > 1 else None,
        "simulation_seconds": report["seconds"],
        "tokens_per_second": report["tokens_through_layers"] / report["seconds"],
        "macs_per_second": work / report["seconds"],
        "build_seconds": build_s,
        "peak_memory_bytes": report["peak_memory_bytes"],
        "bytes_a_weight": report["peak_memory_bytes"] / sum(weight_counts(ckpt.shape, lanes=1).values()),
        "total_seconds": total_s,
    }
