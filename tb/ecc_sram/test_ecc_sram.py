# SPDX-License-Identifier: Apache-2.0
"""Runs the ecc_sram bench."""

import pytest

from tb.evidence.coverage.points.ecc_sram import WIDTHS
from tb.rig.cases import on_each
from tb.rig.runner import run


@pytest.mark.parametrize(("width", "simulator"), on_each(WIDTHS, slow=(max(WIDTHS),)))
def test_ecc_sram(simulator, width):
    parameters = {"WORDS": 4, "WIDTH": width}
    run("ecc_sram", "tb.ecc_sram.ecc_sram_tests", simulator=simulator, parameters=parameters)
