# SPDX-License-Identifier: Apache-2.0
"""Runs the sequencer bench, for two slots and for many."""

import pytest

from tb.rig.runner import run, simulators


@pytest.mark.parametrize("simulator", simulators())
@pytest.mark.parametrize("slots", [2, 8])
def test_sequencer(simulator, slots):
    parameters = {"SLOTS": slots, "DEPTH": 12}
    run(
        "sequencer",
        "tb.sequencer.sequencer_tests",
        simulator=simulator,
        parameters=parameters,
    )
