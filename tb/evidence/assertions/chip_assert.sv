// SPDX-License-Identifier: Apache-2.0
`include "assert.svh"
// The chip's watchdog: a token is on the die, the host takes what it is offered, and no stream moves. And who calls
// himself busy is: a layer from the first beat that enters it to the last that leaves, the head from there to the token,
// the chip from the token that is offered to it on.
module chip_assert #(
  parameter int LAYERS = 1,
  parameter int BEATS  = 1   // of a vector
) (
  input logic              clk_i,
  input logic              rst_i,
  input logic              idle_i,
  input logic              occupied_i,
  input logic              host_waits_i,
  input logic [       4:0] valid_i,       // The streams are those that NAMES names, the first one lowest.
  input logic [       4:0] ready_i,
  input logic [LAYERS-1:0] busy_i,
  input logic              head_busy_i,
  input logic              asks_i,        // A beat of a token that wants an answer enters the head.
  input logic              answers_i      // The head gives one.
);
  import assertion_pkg::*;

  localparam string NAMES[5] = '{
      "host to sequencer",
      "sequencer to embedding",
      "embedding to layer 0",
      "last layer to head",
      "head to sequencer"
  };

  int unsigned silent_q, moved_q;
  int unsigned inside_q[LAYERS];  // beats in each layer
  logic [LAYERS-1:0] occupied_q;  // those with some
  int unsigned asked_q, answered_q;  // beats into the head, tokens out of it
  logic [LAYERS-1:0] leaves;
  logic [LAYERS:0] moves;  // a beat into each layer; the last is into the head
  for (genvar l = 0; l < LAYERS; l++) begin : gen_layer
    assign leaves[l] = chip.gen_layer[l].out_valid;
  end
  for (genvar l = 0; l <= LAYERS; l++) begin : gen_move
    assign moves[l] = chip.valid[l] && chip.ready[l];
  end

  function automatic string waiting();
    waiting = "";
    for (int i = 0; i < 5; i++) if (valid_i[i] && !ready_i[i]) waiting = {waiting, ", ", NAMES[i]};
    for (int l = 0; l < LAYERS; l++) begin
      if (busy_i[l]) waiting = {waiting, $sformatf(", layer %0d%s", l, leaves[l] ? " to the next" : " inside")};
    end
  endfunction

  function automatic string unlike();
    unlike = "";
    for (int l = 0; l < LAYERS; l++) begin
      if (busy_i[l] != occupied_q[l] && unlike == "") begin
        unlike = $sformatf("layer %0d is %0s, with %0d beats in it", l, busy_i[l] ? "busy" : "at rest", inside_q[l]);
      end
    end
  endfunction

  always @(posedge clk_i) begin  // not always_ff: it shares what assertion_pkg counts
    if (rst_i) begin
      silent_q   = 0;
      asked_q    = 0;
      answered_q = 0;
      occupied_q = '0;
      for (int l = 0; l < LAYERS; l++) inside_q[l] = 0;
    end else begin
      for (int i = 0; i < 5; i++) moved = moved + 32'(valid_i[i] && ready_i[i]);
      silent_q = (idle_i || host_waits_i || moved != moved_q) ? 0 : silent_q + 1;
      `HOLDS(alive, silent_q <= clocks(), {"nothing has moved for too long; what waits", waiting()})
      `HOLDS(idle, !(idle_i && occupied_i), "idle, with a token on the die")
      `HOLDS(at_rest, idle_i || occupied_i, "not idle, without a token on the die")
      `HOLDS(layer_busy, busy_i == occupied_q, unlike())
      if (moves != 0) begin
        for (int l = 0; l < LAYERS; l++) begin
          inside_q[l]   = inside_q[l] + 32'(moves[l]) - 32'(moves[l+1]);
          occupied_q[l] = inside_q[l] != 0;
        end
      end
      `HOLDS(head_busy, head_busy_i == (asked_q != answered_q * BEATS),
             "the head is busy without a token, or at rest with one")
      asked_q    = asked_q + 32'(asks_i);
      answered_q = answered_q + 32'(answers_i);
    end
    moved_q = moved;
  end
endmodule

bind chip chip_assert #(
  .LAYERS(shape_pkg::LAYERS),
  .BEATS (shape_pkg::D_MODEL / cartridge_pkg::LANES)
) u_chip_assert (
  .clk_i,
  .rst_i       (rst_i || rst_q),
  .host_waits_i(out_valid_o && !out_ready_i),
  .idle_i      (idle_o),
  .occupied_i  (|{tok_valid_i, seq_valid, embedding_busy, busy, head_valid, head_working}),
  .valid_i     ({res_valid, head_valid, valid[0], seq_valid, tok_valid_i}),
  .ready_i     ({res_ready, head_ready, ready[0], seq_ready, tok_ready_o}),
  .busy_i      (busy),
  .head_busy_i (head_working),
  .asks_i      (head_valid && head_ready && last.tag.gen),
  .answers_i   (res_valid && res_ready)
);
