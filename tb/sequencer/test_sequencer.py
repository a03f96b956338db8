"""Runs the sequencer bench."""

import pytest

from tb.runner import run, simulators


@pytest.mark.parametrize("simulator", simulators())
def test_sequencer(simulator):
    run("sequencer", "tb.sequencer.sequencer_tests", simulator=simulator, name="sequencer", parameters={"DEPTH": 12})
