# SPDX-License-Identifier: Apache-2.0
"""Runs the argmax bench."""

import pytest

from tb.rig.runner import run, simulators


@pytest.mark.parametrize("simulator", simulators())
@pytest.mark.parametrize("vocab", [32, 70, 128])
def test_argmax(simulator, vocab):
    run("argmax", "tb.argmax.argmax_tests", simulator=simulator, parameters={"VOCAB": vocab})
