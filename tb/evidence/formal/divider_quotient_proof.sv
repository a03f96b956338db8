// SPDX-License-Identifier: Apache-2.0
// The divider at a width that a solver divides at: quo = num / den, for every num and every den but 0.
module divider_quotient_proof #(
  parameter int NUM_W = 8,
  parameter int DEN_W = 5
) (
  input logic             clk_i,
  input logic [NUM_W-1:0] num_i,
  input logic [DEN_W-1:0] den_i
);
  logic done;
  logic [NUM_W-1:0] quo;
  logic [7:0] clock_q = '0;

  divider #(
    .NUM_W(NUM_W),
    .DEN_W(DEN_W)
  ) u_divider (
    .clk_i,
    .rst_i  (1'b0),
    .start_i(clock_q == 0),
    .num_i,
    .den_i,
    .done_o (done),
    .quo_o  (quo)
  );

  logic [NUM_W-1:0] num_q;
  logic [DEN_W-1:0] den_q;
  always_ff @(posedge clk_i) begin
    clock_q <= clock_q + 8'd1;
    if (clock_q == 0) begin
      num_q <= num_i;
      den_q <= den_i;
    end
  end

  always_comb begin
    if (clock_q == 0) assume (den_i != 0);
    if (clock_q >= 1 && clock_q <= NUM_W) busy : assert (!done);
    if (clock_q == NUM_W + 1) quotient : assert (done && quo == num_q / den_q);
    if (clock_q == NUM_W + 2) kept : assert (!done && quo == num_q / den_q);
    cover (done && quo == 20 && den_q == 7);
  end
endmodule
