// Integrated clock gate: the enable is latched while the clock is low, so the gated clock never glitches.
module clk_gate (
  input  logic clk_i,
  input  logic en_i,
  output logic clk_o
);
  logic en_q;

  always_latch begin
    if (!clk_i) en_q = en_i;
  end

  assign clk_o = clk_i & en_q;
endmodule
