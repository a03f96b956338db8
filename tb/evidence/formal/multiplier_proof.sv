// SPDX-License-Identifier: Apache-2.0
// Multipliers of few bits side by side against products and sums: whatever the operands, three clocks later. Digits, signs
// and levels are those of the wide ones.
module multiplier_proof #(
  parameter int A_W    = 6,
  parameter int B_W    = 5,
  parameter int ADDEND = 2,
  parameter int N      = 1
) (
  input logic             clk_i,
  input logic [N*A_W-1:0] a_i,
  input logic [N*B_W-1:0] b_i
);
  localparam int P_W = A_W + B_W;
  logic [N*P_W-1:0] p;

  multiplier #(
    .A_W   (A_W),
    .B_W   (B_W),
    .ADDEND(64'(ADDEND)),
    .N     (N)
  ) u_multiplier (
    .clk_i,
    .en_i(3'b111),
    .a_i,
    .b_i,
    .p_o (p)
  );

  logic [1:0] age_q = 2'd0;
  always_ff @(posedge clk_i) if (age_q != 2'd3) age_q <= age_q + 2'd1;

  for (genvar n = 0; n < N; n++) begin : gen_product
    logic signed [A_W-1:0] a;
    logic signed [B_W-1:0] b;
    logic [P_W-1:0] got;
    logic [2:0][P_W-1:0] wanted_q;
    assign a   = a_i[n*A_W+:A_W];
    assign b   = b_i[n*B_W+:B_W];
    assign got = p[n*P_W+:P_W];
    always_ff @(posedge clk_i) wanted_q <= {wanted_q[1:0], P_W'(P_W'(a) * P_W'(b) + P_W'(ADDEND))};
    always_comb begin
      if (age_q == 2'd3) begin
        product : assert (got == wanted_q[2]);
        cover ($signed(got) == ADDEND - 15);
      end
    end
  end
endmodule
