// SPDX-License-Identifier: Apache-2.0
`include "require.svh"
// quo = floor(num * 2^QUO_W / den) for num < den, restoring division, one quotient bit a clock.
module divider #(
  parameter int QUO_W = 16,
  parameter int DEN_W = 21
) (
  input  logic             clk_i,
  input  logic             rst_i,
  input  logic             start_i,
  input  logic [DEN_W-1:0] num_i,
  input  logic [DEN_W-1:0] den_i,
  output logic             done_o,   // one clock, with quo_o valid from then to the next start
  output logic [QUO_W-1:0] quo_o
);
  `REQUIRE(quotient_has_two_bits, QUO_W >= 2)
  `REQUIRE(denominator_has_a_bit, DEN_W >= 1)

  logic [DEN_W-1:0] den_q, rem_q;  // the remainder stays below the denominator
  logic [DEN_W:0] trial;
  logic [QUO_W-1:0] quo_q;
  logic [$clog2(QUO_W+1)-1:0] left_q;
  logic fits, done_q;

  assign trial  = {rem_q, 1'b0};
  assign fits   = trial >= {1'b0, den_q};
  assign quo_o  = quo_q;
  assign done_o = done_q;

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      den_q  <= '0;
      rem_q  <= '0;
      quo_q  <= '0;
      left_q <= '0;
      done_q <= 1'b0;
    end else if (start_i) begin
      den_q  <= den_i;
      rem_q  <= num_i;
      quo_q  <= '0;
      left_q <= ($clog2(QUO_W + 1))'(QUO_W);
      done_q <= 1'b0;
    end else begin
      done_q <= (left_q == 1);
      if (left_q != 0) begin
        rem_q  <= DEN_W'(fits ? trial - {1'b0, den_q} : trial);
        quo_q  <= {quo_q[QUO_W-2:0], fits};
        left_q <= left_q - 1'b1;
      end
    end
  end
endmodule
