// SPDX-License-Identifier: Apache-2.0
// A multiplier of few bits against a product and a sum: whatever the operands, three clocks later. Digits, signs and levels are
// those of the wide ones.
module multiplier_proof #(
  parameter int A_W    = 6,
  parameter int B_W    = 5,
  parameter int ADDEND = 2
) (
  input logic                  clk_i,
  input logic signed [A_W-1:0] a_i,
  input logic signed [B_W-1:0] b_i
);
  localparam int P_W = A_W + B_W;
  logic signed [P_W-1:0] p;

  multiplier #(
    .A_W   (A_W),
    .B_W   (B_W),
    .ADDEND(64'(ADDEND))
  ) u_multiplier (
    .clk_i,
    .en_i(3'b111),
    .a_i,
    .b_i,
    .p_o (p)
  );

  logic [1:0] age_q = 2'd0;
  logic [2:0][P_W-1:0] wanted_q;
  always_ff @(posedge clk_i) begin
    if (age_q != 2'd3) age_q <= age_q + 2'd1;
    wanted_q <= {wanted_q[1:0], P_W'(P_W'(a_i) * P_W'(b_i) + P_W'(ADDEND))};
  end

  always_comb begin
    if (age_q == 2'd3) begin
      product : assert (p == wanted_q[2]);
      cover (p == P_W'(ADDEND) - P_W'(15));
    end
  end
endmodule
