# SPDX-License-Identifier: Apache-2.0
"""Runs the attention bench."""

import pytest

from models.die.shape import score_constant
from tb.attention.attention_shape import CASES, DEPTH, POSITIONS, SLOTS
from tb.rig.cases import by_day
from tb.rig.runner import run, simulators

ICARUS = ("small",)  # the others take minutes there
RUNS = [(simulator, case) for simulator in simulators() for case in CASES if simulator == "verilator" or case in ICARUS]


@pytest.mark.parametrize(("simulator", "case"), by_day(RUNS, late=[("verilator", "wide")]))
def test_attention(simulator, case):
    shape = CASES[case]
    run(
        "attention",
        "tb.attention.attention_tests",
        simulator=simulator,
        parameters={
            "HEADS": shape.heads,
            "KV_HEADS": shape.kv_heads,
            "HEAD_DIM": shape.head_dim,
            "SLOTS": SLOTS,
            "DEPTH": DEPTH,
            "POSITIONS": POSITIONS[case],
            "SCORE_C": score_constant(shape),
        },
        env={"CASE": case},
    )
