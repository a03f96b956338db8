// SPDX-License-Identifier: Apache-2.0
// The divider at a width that a solver divides at: quo = num * 2^QUO_W / den, for every den and every num below it.
module divider_quotient_proof #(
  parameter int QUO_W = 8,
  parameter int DEN_W = 5
) (
  input logic             clk_i,
  input logic [DEN_W-1:0] num_i,
  input logic [DEN_W-1:0] den_i
);
  logic done;
  logic [QUO_W-1:0] quo;
  logic [7:0] clock_q = '0;

  divider #(
    .QUO_W(QUO_W),
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

  logic [DEN_W-1:0] num_q, den_q;
  always_ff @(posedge clk_i) begin
    clock_q <= clock_q + 8'd1;
    if (clock_q == 0) begin
      num_q <= num_i;
      den_q <= den_i;
    end
  end

  localparam int W = QUO_W + DEN_W;
  logic [W-1:0] expected;
  assign expected = {num_q, {QUO_W{1'b0}}} / W'(den_q);

  always_comb begin
    if (clock_q == 0) assume (num_i < den_i);
    if (clock_q >= 1 && clock_q <= QUO_W) busy : assert (!done);
    if (clock_q == QUO_W + 1) quotient : assert (done && W'(quo) == expected);
    if (clock_q == QUO_W + 2) kept : assert (!done && W'(quo) == expected);
    cover (done && quo == 36 && den_q == 7);
  end
endmodule
