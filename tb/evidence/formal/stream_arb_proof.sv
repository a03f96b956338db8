// SPDX-License-Identifier: Apache-2.0
// An arbiter between any two streams whose offers stay and any consumer: what is offered stays as it is, every beat
// that moves is the one of the side that it is taken from, and nobody waits longer than the rule says.
module stream_arb_proof #(
  parameter int WIDTH = 8,
  parameter bit TURNS = 1'b0
) (
  input logic             clk_i,
  input logic             rst_i,
  input logic             a_valid_i,
  input logic [WIDTH-1:0] a_data_i,
  input logic             b_valid_i,
  input logic [WIDTH-1:0] b_data_i,
  input logic             ready_i
);
  logic a_valid, a_ready, a_held_q, b_valid, b_ready, b_held_q, valid, from_a;
  logic [WIDTH-1:0] a_data, a_data_q, b_data, b_data_q, data;
  assign a_valid = a_valid_i || a_held_q;
  assign b_valid = b_valid_i || b_held_q;
  assign a_data  = a_held_q ? a_data_q : a_data_i;
  assign b_data  = b_held_q ? b_data_q : b_data_i;

  stream_arb #(
    .WIDTH(WIDTH),
    .TURNS(TURNS)
  ) u_arb (
    .clk_i,
    .rst_i,
    .a_valid_i(a_valid),
    .a_ready_o(a_ready),
    .a_data_i (a_data),
    .b_valid_i(b_valid),
    .b_ready_o(b_ready),
    .b_data_i (b_data),
    .valid_o  (valid),
    .ready_i,
    .data_o   (data),
    .from_a_o (from_a)
  );

  logic a_fire, b_fire, fire;
  assign a_fire = a_valid && a_ready;
  assign b_fire = b_valid && b_ready;
  assign fire   = valid && ready_i;

  // The offer of the clock before, and which side went last.
  logic offered_q, from_a_q, after_a_q, after_b_q;
  logic [WIDTH-1:0] data_q;
  logic [1:0] a_wait_q, b_wait_q;  // clocks that a side has waited with the consumer ready
  always_ff @(posedge clk_i) begin
    a_held_q  <= a_valid && !a_ready && !rst_i;
    b_held_q  <= b_valid && !b_ready && !rst_i;
    a_data_q  <= a_data;
    b_data_q  <= b_data;
    offered_q <= valid && !ready_i && !rst_i;
    from_a_q  <= from_a;
    data_q    <= data;
    a_wait_q  <= (rst_i || !a_valid || a_ready || !ready_i) ? '0 : a_wait_q + 2'd1;
    b_wait_q  <= (rst_i || !b_valid || b_ready || !ready_i) ? '0 : b_wait_q + 2'd1;
    if (rst_i) begin
      after_a_q <= 1'b0;
      after_b_q <= 1'b0;
    end else if (fire) begin
      after_a_q <= from_a;
      after_b_q <= !from_a;
    end
  end

  logic init_q = 1'b1;
  always_ff @(posedge clk_i) init_q <= 1'b0;

  always_comb begin
    if (init_q) assume (rst_i);
    if (!init_q) begin
      offers : assert (valid == (a_valid || b_valid));
      if (offered_q) stays : assert (valid && from_a == from_a_q && data == data_q);
      if (valid) owner : assert (from_a ? a_valid && data == a_data : b_valid && data == b_data);
      one_moves : assert (a_fire == (fire && from_a) && b_fire == (fire && !from_a));
      if (!offered_q && a_valid && b_valid) first : assert (from_a == !(TURNS && after_a_q));
      // with a consumer that takes, a waits for one offer of b at most, and with turns so does b
      a_soon : assert (a_wait_q <= 1);
      if (TURNS) b_soon : assert (b_wait_q <= 1);

      // invariants
      turn :
      assert (u_arb.waits_q == offered_q && u_arb.b_first_q == (TURNS && after_a_q) && !(after_a_q && after_b_q));
      if (u_arb.waits_q)
        waits :
        assert (u_arb.from_a_q == from_a_q && (from_a_q ? a_held_q && data_q == a_data_q
                                                                                : b_held_q && data_q == b_data_q));
      if (a_wait_q == 1) assert (a_held_q && !offered_q && after_b_q);
      if (b_wait_q == 1) assert (b_held_q && !offered_q && after_a_q);
      cover (offered_q && from_a && b_valid && fire && data == WIDTH'(7));
      cover (offered_q && !from_a && a_valid && fire);
      cover (a_fire && after_b_q && b_valid);
      cover (b_fire && after_a_q && (a_valid == TURNS));
    end
  end
endmodule
