# SPDX-License-Identifier: Apache-2.0
"""Runs the layer's bench: the UVM environment on tiny layers."""

import pytest

from models.checkpoint import checkpoint, tiny
from tb.chip.job import BuiltChip
from tb.rig.runner import simulators
from tb.uvm import bench

SHAPES = {
    "verilator": {"layers": 1, "d_ffn": 64, "vocab": 100},
    "icarus": {"layers": 1, "d_model": 32, "heads": 2, "kv_heads": 1, "head_dim": 32, "d_ffn": 32, "vocab": 100},
}
ONLY = {"verilator": "", "icarus": "Stalled_some_heavy|LayerResets"}  # the others take too long there


@pytest.mark.parametrize("simulator", simulators())
def test_layer(simulator, tmp_path):
    chip = BuiltChip.of(checkpoint.load(tiny.write(tmp_path / "tiny.gguf", **SHAPES[simulator])), kv_depth=6)
    bench.run(chip, "layer", "tb.layer.layer_tests", simulator=simulator, only=ONLY[simulator])
