// SPDX-License-Identifier: Apache-2.0
// A span's sums times its two integers, exactly: s*sum and n*xsum, ahead of a scaling unit. Only arrays whose weights
// have such integers (K-quants, docs/formats.md) have these.
module sub_scale #(
  parameter int SUM_W  = 22,
  parameter int XSUM_W = 17
) (
  input  logic        [      15:0] integers_i,  // {n, s}, 8 bits signed each.
  input  logic signed [ SUM_W-1:0] sum_i,
  input  logic signed [XSUM_W-1:0] xsum_i,
  output logic signed [ SUM_W+7:0] sum_o,
  output logic signed [XSUM_W+7:0] xsum_o
);
  assign sum_o  = $signed(integers_i[7:0]) * sum_i;
  assign xsum_o = $signed(integers_i[15:8]) * xsum_i;
endmodule
