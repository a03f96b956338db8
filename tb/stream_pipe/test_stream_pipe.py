# SPDX-License-Identifier: Apache-2.0
"""Runs the stream_pipe bench."""

import pytest

from tb.rig.runner import run, simulators


@pytest.mark.parametrize("simulator", simulators())
@pytest.mark.parametrize(("stages", "width"), [(1, 8), (2, 1), (5, 98)])
def test_stream_pipe(simulator, stages, width):
    parameters = {"STAGES": stages, "WIDTH": width}
    run("stream_pipe", "tb.stream_pipe.stream_pipe_tests", simulator=simulator, parameters=parameters)
