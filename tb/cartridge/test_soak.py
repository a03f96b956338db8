# SPDX-License-Identifier: Apache-2.0
"""A short soak of a small die, and what a soak finds that conversations of a job do not."""

import pytest

from models.checkpoint import checkpoint, tiny
from tb.cartridge import adapters
from tb.chip.job import BuiltChip
from tb.rig.runner import simulators

STOP = [36, 48, 99, 121]  # tokens that the tiny model likes
LENGTHS = {"verilator": 150, "icarus": 12}


def soak(folder, tokens, simulator, **settings):
    """A die of four slots and two banks, until it has answered so many tokens; gives the report."""
    chip = BuiltChip.of(checkpoint.load(tiny.write(folder / "tiny.gguf", **tiny.LEAST)), kv_depth=12, slots=4, rank=2)
    resident = [str(adapters.random(chip, seed, folder / f"{seed}.npz")) for seed in (1, 2)]
    how = {"test": "soaked", "bench": "cartridge", "adapters": resident, "poll": 50, "settings": {"AIM": tokens}}
    return chip.run([], STOP, simulator=simulator, **how, **settings)


@pytest.mark.parametrize("simulator", simulators())
def test_soak(simulator, tmp_path):
    report = soak(tmp_path, LENGTHS[simulator], simulator)
    assert report["answered"] >= LENGTHS[simulator] and report["mismatches"] == 0
    assert report["counters"]["tokens_out"] == report["answered"]
    assert report["deeds"]["answered"] and report["deeds"]["stopped"]
