# SPDX-License-Identifier: Apache-2.0
"""How busy many users keep a die, and that none of them waits for slots that are empty."""

import pytest

from models.checkpoint import checkpoint, tiny
from tb.cartridge import occupancy
from tb.chip.job import BuiltChip
from tb.oracle.conversation import Conversation

LAYERS, USERS = 3, 8


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """A tiny checkpoint of three layers."""
    return checkpoint.load(tiny.write(tmp_path_factory.mktemp("occupancy") / "tiny.gguf", layers=LAYERS))


def test_busy_layers(reference, tmp_path):
    """With enough users nearly every layer has a token, and a token costs what the busiest part of a layer takes."""
    chip = BuiltChip.of(reference, kv_depth=12, slots=USERS)
    talks = [Conversation(slot, [5 + slot, 6], 9) for slot in range(USERS)]
    log = tmp_path / "occupancy.txt"
    run = {"simulator": "verilator", "test": "together", "bench": "cartridge", "plusargs": (f"+occupancy={log}",)}
    report = chip.run(talks, [], poll=200, **run)
    seen = occupancy.stays(log)
    assert len(seen) == LAYERS * report["tokens_through_layers"]
    cycles = sorted(cycle for _, cycle, *_ in report["arrivals"])
    begin, end = cycles[USERS], cycles[-USERS - 1]  # all users are answered between
    assert occupancy.busy(seen, LAYERS, begin, end) >= 0.8
    among = (end - begin) / (len(cycles) - 2 * USERS - 1)
    assert among <= 1.25 * chip.cycles.interval(9)
    occupancy.draw(seen, LAYERS, tmp_path / "picture.svg")
    assert (tmp_path / "picture.svg").read_text().count("slot") >= USERS


def test_alone_among_empty_slots(tmp_path):
    """A lone user's answer takes the same clocks on a die of one slot as on one of eight."""
    ckpt, talk = checkpoint.load(tiny.write(tmp_path / "tiny.gguf", **tiny.LEAST)), [Conversation(0, [5], 3)]
    took = []
    for slots in (1, USERS):
        chip = BuiltChip.of(ckpt, kv_depth=12, slots=slots, rank=2)
        alone = {"test": "one_after_another", "hold_cycles": True}
        arrivals = chip.run(talk, [], simulator="icarus", bench="cartridge", poll=200, **alone)["arrivals"]
        took.append([cycle - arrivals[0][1] for _, cycle, *_ in arrivals])
    assert len(took[0]) == 3 and took[0] == took[1]


def test_a_token_out_of_order(tmp_path):
    """A layer that gives tokens in another order than it took them is an error, and so is an empty log."""
    log = tmp_path / "occupancy.txt"
    log.write_text("0 0 1 0 5\n0 0 2 0 9\n0 1 2 0 20\n")
    with pytest.raises(AssertionError, match="slot 2, position 0 is out of order"):
        occupancy.stays(log)
    log.write_text("")
    with pytest.raises(AssertionError, match="is empty"):
        occupancy.stays(log)
