// SPDX-License-Identifier: Apache-2.0
// A span's part of a matrix output, rsr(D*sum + M*xsum, shift) = part_o + half_o, as lean logic: D and M are binary16,
// so each product is one of a 12-bit signed significand, moved to its place by the exponent. The rounding is the last
// bit shifted out, left to the adder that takes the part.
//
//   scale, sums | products by four bits of the significand | products | places | total | rounding shift, six clocks later
module scaling_unit #(
  parameter int SUM_W  = 22,
  parameter int XSUM_W = 17,
  parameter int PART_W = 52
) (
  input  logic                     clk_i,
  input  logic        [      31:0] scale_i,  // The scale {m, d} in binary16, |d| < 1 and |m| < 128.
  input  logic signed [ SUM_W-1:0] sum_i,
  input  logic signed [XSUM_W-1:0] xsum_i,
  input  logic        [       4:0] shift_i,  // Five clocks later than the rest.
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

  logic signed [11:0] d_q, m_q;
  logic [2:0][3:0] d_place_q;  // of what is in the three stages up to the places
  logic [2:0][4:0] m_place_q;
  logic signed [SUM_W-1:0] sum_q;
  logic signed [XSUM_W-1:0] xsum_q;
  logic signed [SUM_W+3:0] d_low_q, d_mid_q, d_high_q;
  logic signed [XSUM_W+3:0] m_low_q, m_mid_q, m_high_q;
  logic signed [SUM_W+11:0] d_prod_q;
  logic signed [XSUM_W+11:0] m_prod_q;
  logic signed [PART_W-1:0] d_part_q, m_part_q, total_q;

  always_ff @(posedge clk_i) begin
    d_q       <= significand(scale_i[15:0]);
    m_q       <= significand(scale_i[31:16]);
    d_place_q <= {d_place_q[1:0], 4'(place({1'b0, scale_i[13:10]}))};
    m_place_q <= {m_place_q[1:0], place(scale_i[30:26])};
    sum_q     <= sum_i;
    xsum_q    <= xsum_i;

    d_low_q  <= (SUM_W + 4)'($signed({1'b0, d_q[3:0]}) * sum_q);
    d_mid_q  <= (SUM_W + 4)'($signed({1'b0, d_q[7:4]}) * sum_q);
    d_high_q <= $signed(d_q[11:8]) * sum_q;
    m_low_q  <= (XSUM_W + 4)'($signed({1'b0, m_q[3:0]}) * xsum_q);
    m_mid_q  <= (XSUM_W + 4)'($signed({1'b0, m_q[7:4]}) * xsum_q);
    m_high_q <= $signed(m_q[11:8]) * xsum_q;

    d_prod_q <= (SUM_W + 12)'(d_low_q) + ((SUM_W + 12)'(d_mid_q) <<< 4) + ((SUM_W + 12)'(d_high_q) <<< 8);
    m_prod_q <= (XSUM_W + 12)'(m_low_q) + ((XSUM_W + 12)'(m_mid_q) <<< 4) + ((XSUM_W + 12)'(m_high_q) <<< 8);

    d_part_q <= PART_W'(d_prod_q) <<< d_place_q[2];
    m_part_q <= PART_W'(m_prod_q) <<< m_place_q[2];
    total_q  <= d_part_q + m_part_q;

    {part_o, half_o} <= $signed({total_q, 1'b0}) >>> shift_i;
  end
endmodule
