// SPDX-License-Identifier: Apache-2.0
// The divider, from any start: after j quotient bits, j numerator bits are consumed, and consumed = q*den + rem with
// rem < den (the product q*den built up as q is, a bit at a time). So after all of them q = floor(num / den).
module divider_proof #(
  parameter int NUM_W = 45,
  parameter int DEN_W = 36
) (
  input logic             clk_i,
  input logic             rst_i,
  input logic             start_i,
  input logic [NUM_W-1:0] num_i,
  input logic [DEN_W-1:0] den_i
);
  localparam int W = NUM_W + DEN_W;

  logic done;
  logic [NUM_W-1:0] quo;

  divider #(
    .NUM_W(NUM_W),
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
    assume (den_i != 0);
  end

  // What was asked, the clocks since, and the product of den with the quotient bits so far.
  logic asked_q;
  logic [NUM_W-1:0] num_q;
  logic [DEN_W-1:0] den_q;
  logic [15:0] age_q;
  logic [W-1:0] product_q, consumed_q;
  always_ff @(posedge clk_i) begin
    if (rst_i) asked_q <= 1'b0;
    else if (start_i) asked_q <= 1'b1;
    if (start_i) begin
      num_q      <= num_i;
      den_q      <= den_i;
      age_q      <= '0;
      product_q  <= '0;
      consumed_q <= '0;
    end else if (age_q <= 16'(NUM_W)) begin
      age_q <= age_q + 16'd1;
      if (age_q < 16'(NUM_W)) begin
        product_q  <= (product_q << 1) + (u_divider.fits ? W'(den_q) : '0);
        consumed_q <= {consumed_q[W-2:0], quo[NUM_W-1]};
      end
    end
  end

  logic running, over;
  assign running = asked_q && age_q < 16'(NUM_W);
  assign over    = asked_q && age_q >= 16'(NUM_W);

  for (genvar a = 0; a < NUM_W; a++) begin : gen_age
    always_comb begin
      if (!init_q && asked_q && age_q == 16'(a)) begin
        ahead : assert (quo[NUM_W-1:a] == num_q[NUM_W-1-a:0]);
        behind : assert (consumed_q == W'(num_q >> (NUM_W - a)));
      end
    end
  end

  always_comb begin
    if (!init_q) begin
      age : assert (!asked_q || age_q <= 16'(NUM_W + 1));
      left : assert (32'(u_divider.left_q) == (running ? NUM_W - 32'(age_q) : 0));
      in_time : assert (done == (asked_q && age_q == 16'(NUM_W)));
      if (asked_q) begin
        divisor : assert (u_divider.den_q == den_q && den_q != 0);
        remainder : assert (u_divider.rem_q < {1'b0, den_q});
      end
      if (asked_q) identity : assert (product_q + W'(u_divider.rem_q) == consumed_q);
      if (over) all : assert (consumed_q == W'(num_q));
      cover (done && quo == 3 && u_divider.rem_q == 5);
    end
  end
endmodule
