// SPDX-License-Identifier: Apache-2.0
// The integers of a span ahead of a scaling unit: both products, exactly and at full width, of every integer and every
// sum. What is expected is added up bit by bit, as binary multiplication is defined; no "*" is in it.
module sub_scale_proof #(
  parameter int SUM_W  = 22,
  parameter int XSUM_W = 17
) (
  input logic              [15:0] integers_i,
  input logic signed  [SUM_W-1:0] sum_i,
  input logic signed [XSUM_W-1:0] xsum_i
);
  logic signed [SUM_W+7:0] sum;
  logic signed [XSUM_W+7:0] xsum;

  sub_scale #(
    .SUM_W (SUM_W),
    .XSUM_W(XSUM_W)
  ) u_sub (
    .integers_i,
    .sum_i,
    .xsum_i,
    .sum_o (sum),
    .xsum_o(xsum)
  );

  // The sign bit of an integer weighs -2^7.
  function automatic logic signed [63:0] product(input logic [7:0] integer_i, input logic signed [63:0] value);
    product = integer_i[7] ? -(value <<< 7) : '0;
    for (int unsigned i = 0; i < 7; i++) if (integer_i[i]) product = product + (value <<< i);
  endfunction

  always_comb begin
    s : assert (64'(sum) == product(integers_i[7:0], 64'(sum_i)));
    n : assert (64'(xsum) == product(integers_i[15:8], 64'(xsum_i)));
    cover (sum == 128 << (SUM_W - 1));
    cover (xsum < 0 && $signed(integers_i[15:8]) < 0 && xsum_i > 1000);
  end
endmodule
