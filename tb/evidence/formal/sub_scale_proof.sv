// SPDX-License-Identifier: Apache-2.0
// The integers of a span ahead of a scaling unit: the multipliers get the magnitude of every integer and every sum as they
// are, and what they give is added up. With the proof of the multiplier: both products, exactly.
module sub_scale_proof #(
  parameter int SUM_W  = 22,
  parameter int XSUM_W = 18
) (
  input logic clk_i
);
  logic [15:0] integers_q;  // symbolic: registers that keep whatever they start with
  logic signed [SUM_W-1:0] sum_q;
  logic signed [XSUM_W-1:0] xsum_q;
  logic signed [SUM_W+7:0] sum;
  logic signed [XSUM_W+7:0] xsum;
  logic [1:0] clock_q = '0;
  always_ff @(posedge clk_i) begin
    integers_q <= integers_q;
    sum_q      <= sum_q;
    xsum_q     <= xsum_q;
    clock_q    <= clock_q + 2'd1;
  end

  sub_scale #(
    .SUM_W (SUM_W),
    .XSUM_W(XSUM_W)
  ) u_sub (
    .clk_i,
    .integers_i(integers_q),
    .sum_i     (sum_q),
    .xsum_i    (xsum_q),
    .sum_o     (sum),
    .xsum_o    (xsum)
  );

  logic signed [8:0] s, n;
  assign s = 9'($signed(integers_q[7:0]));
  assign n = 9'($signed(integers_q[15:8]));
  always_comb begin
    if (clock_q == 1) begin
      s_taken : assert (u_sub.u_s.a_i == 8'((s < 0) ? -s : s) && u_sub.u_s.b_i == sum_q);
      n_taken : assert (u_sub.gen_pair.u_n.a_i == 8'((n < 0) ? -n : n) && u_sub.gen_pair.u_n.b_i == xsum_q);
    end
    if (clock_q == 2) begin
      s_given : assert (sum == (SUM_W + 8)'(u_sub.u_s.s_o + u_sub.u_s.c_o));
      n_given : assert (xsum == (XSUM_W + 8)'(u_sub.gen_pair.u_n.s_o + u_sub.gen_pair.u_n.c_o));
      cover (s == -128 && sum_q < -1000 && n == 127 && xsum_q > 1000);
    end
  end
endmodule
