// SPDX-License-Identifier: Apache-2.0
// A fork between any source whose offers stay, and any branches that stay ready until a beat comes: a beat moves into
// both branches in the clock in which it leaves the source, or into neither; it moves as soon as all are there; and
// what a branch is offered stays.
module stream_fork_proof (
  input logic clk_i,
  input logic rst_i,
  input logic valid_i,
  input logic a_ready_i,
  input logic b_ready_i
);
  logic valid, ready, a_valid, a_ready, b_valid, b_ready;
  logic valid_q, a_ready_q, b_ready_q, a_offered_q, b_offered_q;
  assign valid   = valid_i || valid_q;
  assign a_ready = a_ready_i || a_ready_q;
  assign b_ready = b_ready_i || b_ready_q;

  stream_fork u_fork (
    .valid_i  (valid),
    .ready_o  (ready),
    .a_valid_o(a_valid),
    .a_ready_i(a_ready),
    .b_valid_o(b_valid),
    .b_ready_i(b_ready)
  );

  always_ff @(posedge clk_i) begin
    valid_q     <= valid && !ready && !rst_i;
    a_ready_q   <= a_ready && !a_valid && !rst_i;
    b_ready_q   <= b_ready && !b_valid && !rst_i;
    a_offered_q <= a_valid && !a_ready && !rst_i;
    b_offered_q <= b_valid && !b_ready && !rst_i;
  end

  logic init_q = 1'b1;
  always_ff @(posedge clk_i) init_q <= 1'b0;

  always_comb begin
    if (init_q) assume (rst_i);
    if (!init_q) begin
      into_a : assert ((a_valid && a_ready) == (valid && ready));
      into_b : assert ((b_valid && b_ready) == (valid && ready));
      moves : assert ((valid && ready) == (valid && a_ready && b_ready));
      if (a_offered_q) a_stays : assert (a_valid);
      if (b_offered_q) b_stays : assert (b_valid);
      // invariants: a branch that is ready waits for the source or for the other branch
      if (a_offered_q) assert (valid_q && b_ready_q);
      if (b_offered_q) assert (valid_q && a_ready_q);
      cover (a_offered_q && a_valid && a_ready);
      cover (b_offered_q && b_valid && b_ready);
    end
  end
endmodule
