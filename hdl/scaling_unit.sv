// SPDX-License-Identifier: Apache-2.0
// A span's part of a matrix output, rsr(|D|*sum + |M|*xsum, shift) = part_o + half_o, as lean logic: D and M are binary16,
// so each product is one of an 11-bit significand, moved to its place by the exponent. The rounding is the last bit
// shifted out, left to the adder that takes the part; the signs of D and M are those of the sums already.
//
//   PAIR: scale, sums | rows of the products | products | places | total | rounding shift             six clocks later
//   else: scale, sum | rows of the product | product | both shifts in one: |M| is 0                   four clocks later
module scaling_unit #(
  parameter int SUM_W  = 22,
  parameter int XSUM_W = 18,
  parameter int PART_W = 52,
  parameter int PAIR   = 1
) (
  input  logic                     clk_i,
  input  logic        [      31:0] scale_i,  // The scale {m, d} in binary16, |d| < 1 and |m| < 128.
  input  logic signed [ SUM_W-1:0] sum_i,
  input  logic signed [XSUM_W-1:0] xsum_i,
  input  logic        [       4:0] shift_i,  // PAIR: five clocks later than the rest; else two.
  output logic signed [PART_W-1:0] part_o,
  output logic                     half_o
);
  import cartridge_pkg::*;

  localparam int MOST = 14;  // places of D at most

  logic [10:0] d_q;
  logic [7:0] d_place_q;  // of two stages
  logic signed [SUM_W-1:0] sum_q;
  logic signed [SUM_W+10:0] d_sum, d_carry, d_sum_q, d_carry_q, d_prod_q;

  product_words #(
    .A_W(11),
    .B_W(SUM_W)
  ) u_d (
    .a_i(d_q),
    .b_i(sum_q),
    .s_o(d_sum),
    .c_o(d_carry)
  );

  always_ff @(posedge clk_i) begin
    d_q       <= significand(scale_i[14:0]);
    d_place_q <= {d_place_q[3:0], 4'(exponent_places({1'b0, scale_i[13:10]}))};
    sum_q     <= sum_i;
    d_sum_q   <= d_sum;
    d_carry_q <= d_carry;
    d_prod_q  <= d_sum_q + d_carry_q;
  end

  if (PAIR != 0) begin : gen_pair
    logic [10:0] m_q;
    logic [3:0] d_last_q;
    logic [14:0] m_place_q;  // of three
    logic signed [XSUM_W-1:0] xsum_q;
    logic signed [XSUM_W+10:0] m_sum, m_carry, m_sum_q, m_carry_q, m_prod_q;
    logic signed [PART_W-1:0] d_part_q, m_part_q, total_q;

    product_words #(
      .A_W(11),
      .B_W(XSUM_W)
    ) u_m (
      .a_i(m_q),
      .b_i(xsum_q),
      .s_o(m_sum),
      .c_o(m_carry)
    );

    always_ff @(posedge clk_i) begin
      m_q       <= significand(scale_i[30:16]);
      m_place_q <= {m_place_q[9:0], exponent_places(scale_i[30:26])};
      xsum_q    <= xsum_i;
      m_sum_q   <= m_sum;
      m_carry_q <= m_carry;
      m_prod_q  <= m_sum_q + m_carry_q;
      d_last_q  <= d_place_q[7:4];

      d_part_q <= PART_W'(d_prod_q) <<< d_last_q;
      m_part_q <= PART_W'(m_prod_q) <<< m_place_q[14:10];
      total_q <= d_part_q + m_part_q;
      {part_o, half_o} <= $signed({total_q, 1'b0}) >>> shift_i;
    end
  end else begin : gen_one
    logic [5:0] places_q;  // to the right, from MOST places to the left
    always_ff @(posedge clk_i) begin
      places_q <= 6'(MOST) + 6'(shift_i) - 6'(d_place_q[7:4]);
      {part_o, half_o} <= $signed({PART_W'(d_prod_q) <<< MOST, 1'b0}) >>> places_q;
    end
  end
endmodule
