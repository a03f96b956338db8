// SPDX-License-Identifier: Apache-2.0
// The scaling unit against rsr(|D|*sum + |M|*xsum, shift), for every scale that a die accepts (|d| < 1, |m| < 128), every
// sum and every shift: the multipliers get significands and sums, significands at their places are |D| and |M|, and
// what becomes of any two products is their rounded sum at full width. With the proof of `product_words`, whose outputs
// are any values here: the whole.
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

  // Each input is there for one clock.
  logic now, shifts;
  assign now    = clock_q == 0;
  assign shifts = clock_q == ((PAIR != 0) ? 5 : 2);

  logic signed [PART_W-1:0] part;
  logic half;
  scaling_unit #(
    .SUM_W (SUM_W),
    .XSUM_W(XSUM_W),
    .PART_W(PART_W),
    .PAIR  (PAIR)
  ) u_unit (
    .clk_i,
    .scale_i(now ? scale_q : '0),
    .sum_i  (now ? sum_q : '0),
    .xsum_i (now ? xsum_q : '0),
    .shift_i(shifts ? shift_q : '0),
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
  always_ff @(posedge clk_i) if (clock_q == 1) d_prod_q <= u_unit.d_sum + u_unit.d_carry;
  always_comb begin
    if (clock_q == 1) d_taken : assert ((32'(u_unit.u_d.a_i) << d_place) == d && u_unit.u_d.b_i == sum_q);
    if (clock_q == 3) d_given : assert (u_unit.d_prod_q == d_prod_q);
  end

  // Stage after stage, each of what the one before has left. Shifts are held to one place at a time, which a solver sees.
  logic signed [63:0] total;  // of both products at their places
  if (PAIR != 0) begin : gen_pair
    logic signed [XSUM_W+10:0] m_prod_q;
    logic signed [63:0] d_part_q, m_part_q, total_q;
    always_ff @(posedge clk_i) begin
      if (clock_q == 1) m_prod_q <= u_unit.gen_pair.m_sum + u_unit.gen_pair.m_carry;
      d_part_q <= 64'(u_unit.gen_pair.d_part_q);
      m_part_q <= 64'(u_unit.gen_pair.m_part_q);
      total_q  <= 64'(u_unit.gen_pair.total_q);
    end
    assign total = total_q;
    always_comb begin
      if (clock_q == 1) begin
        m_taken : assert ((32'(u_unit.gen_pair.u_m.a_i) << m_place) == m && u_unit.gen_pair.u_m.b_i == xsum_q);
      end
      if (clock_q == 3) m_given : assert (u_unit.gen_pair.m_prod_q == m_prod_q);
      if (clock_q == 5) added : assert (64'(u_unit.gen_pair.total_q) == d_part_q + m_part_q);
    end
    for (genvar p = 0; p < 22; p++) begin : gen_place
      always_comb begin
        if (clock_q == 4 && d_place == p) d_placed : assert (64'(u_unit.gen_pair.d_part_q) == 64'(d_prod_q) <<< p);
        if (clock_q == 4 && m_place == p) m_placed : assert (64'(u_unit.gen_pair.m_part_q) == 64'(m_prod_q) <<< p);
      end
    end
  end else begin : gen_one
    assign total = '0;
  end

  // The rounding: of the last stage, and of any total what it stands for.
  logic signed [PART_W-1:0] any_q;
  logic signed [64:0] any_shifted;
  always_ff @(posedge clk_i) any_q <= any_q;
  assign any_shifted = $signed({64'(any_q), 1'b0}) >>> shift_q;

  for (genvar s = 0; s < 32; s++) begin : gen_shift
    for (genvar p = 0; p < 14; p++) begin : gen_place
      logic signed [63:0] placed;
      assign placed = (PAIR != 0) ? total : 64'(d_prod_q) <<< p;
      always_comb begin
        if (clock_q == 3'(CLKS) && shift_q == s && d_place == p)
          shifted : assert (65'($signed({part, half})) == $signed({placed, 1'b0}) >>> s);
      end
    end
  end

  always_comb begin
    if (clock_q == 3'(CLKS)) begin
      cover (half && part < -1000 && shift_q == 16);
      cover (d_place == 13 && d_prod_q < -1000000);
    end
    if (clock_q == 0) begin
      rounded :
      assert (64'(any_shifted >>> 1) + 64'(any_shifted[0]) == cartridge_pkg::rsr(64'(any_q), {1'b0, shift_q}));
    end
  end
endmodule
