# SPDX-License-Identifier: Apache-2.0
"""Runs the lora bench."""

import pytest

from tb.lora.lora_shape import CASES
from tb.rig.cases import on_each
from tb.rig.runner import run


@pytest.mark.parametrize(("case", "simulator"), on_each(CASES, slow=("o", "qkv", "down", "wide")))
def test_lora(simulator, case):
    settings = {"parameters": CASES[case].parameters, "env": {"CASE": case}}
    run("lora", "tb.lora.lora_tests", simulator=simulator, **settings)
