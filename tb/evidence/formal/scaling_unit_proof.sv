// SPDX-License-Identifier: Apache-2.0
// The scaling unit against rsr(|D|*sum + |M|*xsum, shift), for every scale that a die accepts (|d| < 1, |m| < 128), every
// sum and every shift: the multipliers get significands and sums, significands at their places are |D| and |M|, and
// what becomes of any two products is their rounded sum at full width. With the proof of the multiplier: the whole.
module scaling_unit_proof #(
  parameter int SUM_W  = 22,
  parameter int XSUM_W = 18,
  parameter int PAIR   = 1
) (
  input logic clk_i
);
  localparam int D_W = SUM_W + 25;
  localparam int PART_W = (PAIR == 0) ? D_W : ((D_W > XSUM_W + 32) ? D_W : XSUM_W + 32) + 1;
  localparam int CLKS = cartridge_pkg::scale_clks(0, 1 - PAIR) - 1;  // without the selection

  logic [31:0] scale_q;  // symbolic: registers that keep whatever they start with
  logic signed [SUM_W-1:0] sum_q;
  logic signed [XSUM_W-1:0] xsum_q;
  logic [4:0] shift_q;
  logic [2:0] clock_q = '0;
  always_ff @(posedge clk_i) begin
    scale_q <= scale_q;
    sum_q   <= sum_q;
    xsum_q  <= xsum_q;
    shift_q <= shift_q;
    clock_q <= clock_q + 3'd1;
  end
  always_comb assume (scale_q[14:10] < 5'd15 && scale_q[30:26] < 5'd22);

  logic signed [PART_W-1:0] part;
  logic half;
  scaling_unit #(
    .SUM_W (SUM_W),
    .XSUM_W(XSUM_W),
    .PART_W(PART_W),
    .PAIR  (PAIR)
  ) u_unit (
    .clk_i,
    .scale_i(scale_q),
    .sum_i  (sum_q),
    .xsum_i (xsum_q),
    .shift_i(shift_q),
    .part_o (part),
    .half_o (half)
  );

  logic [31:0] d, m;  // |D| and |M|
  logic [4:0] d_place, m_place;
  assign d       = cartridge_pkg::half_to_int({1'b0, scale_q[14:0]});
  assign m       = cartridge_pkg::half_to_int({1'b0, scale_q[30:16]});
  assign d_place = (scale_q[14:10] == 0) ? 5'd0 : scale_q[14:10] - 5'd1;
  assign m_place = (scale_q[30:26] == 0) ? 5'd0 : scale_q[30:26] - 5'd1;

  logic signed [SUM_W+10:0] d_prod_q;  // what the multiplier gave
  logic signed [63:0] m_part;
  always_ff @(posedge clk_i) if (clock_q == 1) d_prod_q <= u_unit.d_sum + u_unit.d_carry;

  if (PAIR != 0) begin : gen_pair
    logic signed [XSUM_W+10:0] m_prod_q;
    always_ff @(posedge clk_i) if (clock_q == 1) m_prod_q <= u_unit.gen_pair.m_sum + u_unit.gen_pair.m_carry;
    assign m_part = 64'(m_prod_q) <<< m_place;
    always_comb begin
      if (clock_q == 3) m_given : assert (u_unit.gen_pair.m_prod_q == m_prod_q);
      if (clock_q == 1) begin
        m_taken : assert ((32'(u_unit.gen_pair.u_m.a_i) << m_place) == m && u_unit.gen_pair.u_m.b_i == xsum_q);
      end
    end
  end else begin : gen_one
    assign m_part = '0;
  end

  // Both products at their places, before they are rounded: as they are, and any.
  logic signed [63:0] total, total_q;
  logic signed [64:0] shifted;
  assign total   = (64'(d_prod_q) <<< d_place) + m_part;
  assign shifted = $signed({total_q, 1'b0}) >>> shift_q;
  always_ff @(posedge clk_i) total_q <= (clock_q < 3'(CLKS - 1)) ? total : total_q;

  always_comb begin
    if (clock_q == 1) d_taken : assert ((32'(u_unit.u_d.a_i) << d_place) == d && u_unit.u_d.b_i == sum_q);
    if (clock_q == 3'(CLKS)) begin
      placed : assert (PART_W'(total_q) == total && 65'($signed({part, half})) == shifted);
      cover (half && part < -1000 && shift_q == 16);
      cover (d_place == 14 && d_prod_q < -1000000);
    end
    if (clock_q == 3'(CLKS + 1)) begin
      rounded : assert ((shifted >>> 1) + 65'(shifted[0]) == 65'(cartridge_pkg::rsr(total_q, {1'b0, shift_q})));
    end
  end
endmodule
