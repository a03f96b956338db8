// SPDX-License-Identifier: Apache-2.0
// A span's sums times its two integers, exactly: s*sum and n*xsum, two clocks later, ahead of a scaling unit. Only arrays
// whose weights have such integers (K-quants, docs/formats.md) have these.
module sub_scale #(
  parameter int SUM_W  = 22,
  parameter int XSUM_W = 17
) (
  input  logic                     clk_i,
  input  logic        [      15:0] integers_i,  // {n, s}, 8 bits signed each.
  input  logic signed [ SUM_W-1:0] sum_i,
  input  logic signed [XSUM_W-1:0] xsum_i,
  output logic signed [ SUM_W+7:0] sum_o,
  output logic signed [XSUM_W+7:0] xsum_o
);
  logic signed [7:0] s_q, n_q;
  logic signed [SUM_W-1:0] sum_q;
  logic signed [XSUM_W-1:0] xsum_q;
  logic signed [SUM_W+3:0] low_q, high_q;  // times the lower and the upper four bits
  logic signed [XSUM_W+3:0] xlow_q, xhigh_q;

  always_ff @(posedge clk_i) begin
    {n_q, s_q} <= integers_i;
    sum_q      <= sum_i;
    xsum_q     <= xsum_i;
    low_q      <= (SUM_W + 4)'($signed({1'b0, s_q[3:0]}) * sum_q);
    high_q     <= $signed(s_q[7:4]) * sum_q;
    xlow_q     <= (XSUM_W + 4)'($signed({1'b0, n_q[3:0]}) * xsum_q);
    xhigh_q    <= $signed(n_q[7:4]) * xsum_q;
  end

  assign sum_o  = (SUM_W + 8)'(low_q) + ((SUM_W + 8)'(high_q) <<< 4);
  assign xsum_o = (XSUM_W + 8)'(xlow_q) + ((XSUM_W + 8)'(xhigh_q) <<< 4);
endmodule
