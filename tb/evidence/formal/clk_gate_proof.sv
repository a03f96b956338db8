// SPDX-License-Identifier: Apache-2.0
// The clock gate in steps finer than its clock: clock and enables do what they like from one tick to the next. The gated
// clock is low while the clock is, keeps its level while the clock is high, and rises if one enabled it just before.
module clk_gate_proof (
  input logic tick_i,
  input logic clk_i,
  input logic en_i,
  input logic test_en_i
);
  logic clk;

  clk_gate u_gate (
    .clk_i,
    .en_i,
    .test_en_i,
    .clk_o(clk)
  );

  logic ticked_q = 1'b0;
  logic clk_q, en_q, test_q, out_q;
  always_ff @(posedge tick_i) begin
    ticked_q <= 1'b1;
    clk_q    <= clk_i;
    en_q     <= en_i;
    test_q   <= test_en_i;
    out_q    <= clk;
  end

  always_comb begin
    if (!clk_i) low : assert (!clk);
    if (ticked_q && clk_i && clk_q) level : assert (clk == out_q);
    if (ticked_q && clk_i && !clk_q) rise : assert (clk == (en_q || test_q));
    cover (ticked_q && clk && clk_q && !en_i);
    cover (ticked_q && clk_i && !clk && en_i && !test_en_i);
  end
endmodule
