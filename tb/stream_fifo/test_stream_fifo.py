# SPDX-License-Identifier: Apache-2.0
"""Runs the stream_fifo bench."""

import pytest

from tb.rig.runner import run, simulators


@pytest.mark.parametrize("simulator", simulators())
@pytest.mark.parametrize(("depth", "width"), [(1, 8), (2, 1024), (5, 98)])
def test_stream_fifo(simulator, depth, width):
    parameters = {"DEPTH": depth, "WIDTH": width}
    run("stream_fifo", "tb.stream_fifo.stream_fifo_tests", simulator=simulator, parameters=parameters)
