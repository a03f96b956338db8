# SPDX-License-Identifier: Apache-2.0
"""Runs the rsqrt bench."""

import pytest

from tb.rig.runner import run, simulators


@pytest.mark.parametrize("simulator", simulators())
def test_rsqrt(simulator):
    run("rsqrt", "tb.rsqrt.rsqrt_tests", simulator=simulator)
