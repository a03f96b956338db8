// SPDX-License-Identifier: Apache-2.0
// Integrated clock gate: the enable is latched while the clock is low, so the gated clock never glitches.
// With test_en_i the clock always runs, so that scan reaches every register behind the gate.
module clk_gate (
  input  logic clk_i,
  input  logic en_i,
  input  logic test_en_i,  // the clock runs whatever en_i says
  output logic clk_o
);
  logic en_q;

  always_latch begin
    if (!clk_i) en_q = en_i || test_en_i;
  end

  assign clk_o = clk_i & en_q;
endmodule
