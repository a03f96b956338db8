# SPDX-License-Identifier: Apache-2.0
"""The clock of a chip's bench, which runs while Python sleeps."""

import pytest

from tb.rig import clock
from tb.rig.cases import simulators
from tb.rig.runner import run

COUNTER = """
module counter (
  input  logic        clk_i,
  input  logic        en_i,
  output logic [31:0] count_o
);
  initial count_o = '0;
  always @(posedge clk_i) if (en_i) count_o <= count_o + 1;
endmodule
"""
PORTS = """
`verilator_config
public_flat_rw -module "counter" -var "*"
"""


@pytest.mark.parametrize("simulator", simulators())
def test_a_value_is_there_when_it_is_written(simulator, tmp_path):
    """Nor behind the clocks that run while Python sleeps: in a soak, a word that flipped became what it had been."""
    (tmp_path / "counter.sv").write_text(COUNTER)
    (tmp_path / "counter.vlt").write_text(PORTS)
    ports = [tmp_path / "counter.vlt"] if simulator == "verilator" else []
    made = run(
        "counter",
        "tb.rig.clock_tests",
        simulator=simulator,
        sources=(*ports, tmp_path / "counter.sv"),
        plusargs=clock.arguments(simulator, waves=False),
        profile="small",
    )
    assert made.verdict == "passed"
