// SPDX-License-Identifier: Apache-2.0
// A group's part of a matrix output, rsr(D*sum + M*xsum, shift) = part_o + half_o, as lean logic: D and M are binary16,
// so each product is one of a 12-bit signed significand, moved to its place by the exponent. The rounding is the last
// bit shifted out, left to the adder that takes the part.
module scaling_unit #(
  parameter int SUM_W  = 22,
  parameter int XSUM_W = 17,
  parameter int PART_W = 52
) (
  input  logic        [      31:0] scale_i,  // The scale {m, d} in binary16, |d| < 1 and |m| < 128.
  input  logic signed [ SUM_W-1:0] sum_i,
  input  logic signed [XSUM_W-1:0] xsum_i,
  input  logic        [       4:0] shift_i,
  output logic signed [PART_W-1:0] part_o,
  output logic                     half_o
);
  function automatic logic signed [11:0] significand(input logic [15:0] h);
    significand = h[15] ? -{1'b0, |h[14:10], h[9:0]} : {1'b0, |h[14:10], h[9:0]};
  endfunction

  // Places to shift the significand by: subnormals have the same place as the smallest normal numbers.
  function automatic logic [4:0] place(input logic [4:0] exponent);
    place = (exponent == 0) ? 5'd0 : exponent - 5'd1;
  endfunction

  logic signed [SUM_W+11:0] d_prod;
  logic signed [XSUM_W+11:0] m_prod;
  logic signed [PART_W-1:0] d_part, m_part, total;

  assign d_prod = significand(scale_i[15:0]) * sum_i;
  assign m_prod = significand(scale_i[31:16]) * xsum_i;
  assign d_part = PART_W'(d_prod) <<< place({1'b0, scale_i[13:10]});
  assign m_part = PART_W'(m_prod) <<< place(scale_i[30:26]);
  assign total = d_part + m_part;
  assign {part_o, half_o} = $signed({total, 1'b0}) >>> shift_i;
endmodule
