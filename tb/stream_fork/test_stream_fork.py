# SPDX-License-Identifier: Apache-2.0
"""Runs the stream_fork bench: with either branch the deeper one."""

from pathlib import Path

import pytest

from tb.rig.runner import run, simulators


@pytest.mark.parametrize("simulator", simulators())
@pytest.mark.parametrize("depths", [(1, 3), (2, 1)], ids=str)
def test_stream_fork(simulator, depths):
    bench = Path(__file__).with_name("stream_fork_bench.sv")
    run(
        "stream_fork_bench",
        "tb.stream_fork.stream_fork_tests",
        simulator=simulator,
        parameters=dict(zip(("DEPTH_A", "DEPTH_B"), depths, strict=True)),
        sources=(bench,),
    )
