// SPDX-License-Identifier: Apache-2.0
// The divider, from any start: after j quotient bits num * 2^j = q*den + rem with rem < den (the product q*den built up as
// q is, a bit at a time). So after all of them q = floor(num * 2^QUO_W / den).
module divider_proof #(
  parameter int QUO_W = 16,
  parameter int DEN_W = 21
) (
  input logic             clk_i,
  input logic             rst_i,
  input logic             start_i,
  input logic [DEN_W-1:0] num_i,
  input logic [DEN_W-1:0] den_i
);
  localparam int W = QUO_W + DEN_W;

  logic done;
  logic [QUO_W-1:0] quo;

  divider #(
    .QUO_W(QUO_W),
    .DEN_W(DEN_W)
  ) u_divider (
    .clk_i,
    .rst_i,
    .start_i,
    .num_i,
    .den_i,
    .done_o(done),
    .quo_o (quo)
  );

  logic init_q = 1'b1;
  always_ff @(posedge clk_i) init_q <= 1'b0;
  always_comb begin
    if (init_q) assume (rst_i);
    assume (num_i < den_i);
  end

  // What was asked, the clocks since, num moved by the quotient bits so far, and the product of den with them.
  logic asked_q;
  logic [DEN_W-1:0] den_q;
  logic [15:0] age_q;
  logic [W-1:0] product_q, moved_q;
  always_ff @(posedge clk_i) begin
    if (rst_i) asked_q <= 1'b0;
    else if (start_i) asked_q <= 1'b1;
    if (start_i) begin
      den_q     <= den_i;
      age_q     <= '0;
      product_q <= '0;
      moved_q   <= W'(num_i);
    end else if (age_q <= 16'(QUO_W)) begin
      age_q <= age_q + 16'd1;
      if (age_q < 16'(QUO_W)) begin
        product_q <= (product_q << 1) + (u_divider.fits ? W'(den_q) : '0);
        moved_q   <= moved_q << 1;
      end
    end
  end

  logic running;
  assign running = asked_q && age_q < 16'(QUO_W);

  always_comb begin
    if (!init_q) begin
      age : assert (!asked_q || age_q <= 16'(QUO_W + 1));
      left : assert (32'(u_divider.left_q) == (running ? QUO_W - 32'(age_q) : 0));
      in_time : assert (done == (asked_q && age_q == 16'(QUO_W)));
      if (asked_q) begin
        divisor : assert (u_divider.den_q == den_q && den_q != 0);
        remainder : assert (u_divider.rem_q < den_q);
        identity : assert (product_q + W'(u_divider.rem_q) == moved_q);
      end
      cover (done && quo == 3 && u_divider.rem_q == 5);
    end
  end
endmodule
