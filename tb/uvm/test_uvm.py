# SPDX-License-Identifier: Apache-2.0
"""Runs the UVM environment on tiny chips: usual and extreme weights, geometries that differ with every seed."""

import random

import pytest

from models.checkpoint import checkpoint, tiny
from tb.chip.job import BuiltChip
from tb.rig.runner import default_seed
from tb.uvm import bench, extremes
from tb.uvm.geometry import random_geometry

TESTS = "tb.uvm.chip_tests"
SHAPE = {"layers": 2, "d_ffn": 64, "vocab": 100}
DEPTH = 6


@pytest.mark.night
def test_chip(tmp_path):
    chip = BuiltChip.of(checkpoint.load(tiny.write(tmp_path / "tiny.gguf", **SHAPE)), kv_depth=DEPTH)
    bench.run(chip, "chip", TESTS, simulator="verilator")


@pytest.mark.night
@pytest.mark.parametrize("pattern", extremes.PATTERNS)
def test_extreme_weights(pattern, tmp_path):
    chip = BuiltChip.of(checkpoint.load(extremes.write(tmp_path / "tiny.gguf", pattern, **SHAPE)), kv_depth=DEPTH)
    bench.run(chip, "chip", TESTS, simulator="verilator", only="BackToBack")


def test_icarus(tmp_path):
    chip = BuiltChip.of(checkpoint.load(tiny.write(tmp_path / "tiny.gguf", **tiny.LEAST)), kv_depth=4)
    bench.run(chip, "chip", TESTS, simulator="icarus", only="BackToBack")


@pytest.mark.parametrize("number", range(2))
def test_random_geometry(number, tmp_path):
    shape, die = random_geometry(random.Random(f"{default_seed()} {number}"))
    print(f"shape {shape}, die {die}")
    chip = BuiltChip.of(checkpoint.load(tiny.write(tmp_path / "tiny.gguf", **shape)), **die)
    bench.run(chip, "chip", TESTS, simulator="icarus", only="Single")
