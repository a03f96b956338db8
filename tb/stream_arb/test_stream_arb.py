# SPDX-License-Identifier: Apache-2.0
"""Runs the stream_arb bench, with priority and with turns."""

import pytest

from tb.rig.runner import run, simulators


@pytest.mark.parametrize("simulator", simulators())
@pytest.mark.parametrize("turns", [0, 1])
def test_stream_arb(simulator, turns):
    run(
        "stream_arb",
        "tb.stream_arb.stream_arb_tests",
        simulator=simulator,
        parameters={"WIDTH": 16, "TURNS": turns},
    )
