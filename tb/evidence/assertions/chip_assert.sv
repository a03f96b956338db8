// SPDX-License-Identifier: Apache-2.0
`include "assert.svh"
// The chip's watchdog: a token is on the die, the host takes what it is offered, and no stream moves. And no token is on
// the die, nor offered, while the chip calls itself idle.
module chip_assert #(
  parameter int LAYERS = 1
) (
  input logic              clk_i,
  input logic              rst_i,
  input logic              idle_i,
  input logic              occupied_i,
  input logic              host_waits_i,
  input logic [       4:0] valid_i,       // The streams are those that NAMES names, the first one lowest.
  input logic [       4:0] ready_i,
  input logic [LAYERS-1:0] busy_i
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
  logic [LAYERS-1:0] leaves;
  for (genvar l = 0; l < LAYERS; l++) begin : gen_layer
    assign leaves[l] = chip.gen_layer[l].out_valid;
  end

  function automatic string waiting();
    waiting = "";
    for (int i = 0; i < 5; i++) if (valid_i[i] && !ready_i[i]) waiting = {waiting, ", ", NAMES[i]};
    for (int l = 0; l < LAYERS; l++) begin
      if (busy_i[l]) waiting = {waiting, $sformatf(", layer %0d%s", l, leaves[l] ? " to the next" : " inside")};
    end
  endfunction

  always @(posedge clk_i) begin  // not always_ff: it shares what assertion_pkg counts
    if (rst_i) begin
      silent_q = 0;
    end else begin
      for (int i = 0; i < 5; i++) moved = moved + 32'(valid_i[i] && ready_i[i]);
      silent_q = (idle_i || host_waits_i || moved != moved_q) ? 0 : silent_q + 1;
      `HOLDS(alive, silent_q <= clocks(), {"nothing has moved for too long; what waits", waiting()})
      `HOLDS(idle, !(idle_i && occupied_i), "idle, with a token on the die")
    end
    moved_q = moved;
  end
endmodule

bind chip chip_assert #(
  .LAYERS(shape_pkg::LAYERS)
) u_chip_assert (
  .clk_i,
  .rst_i       (rst_i || rst_q),
  .host_waits_i(out_valid_o && !out_ready_i),
  .idle_i      (idle_o),
  .occupied_i  (|{tok_valid_i, seq_valid, valid[0], busy, head_valid, head_working}),
  .valid_i     ({res_valid, head_valid, valid[0], seq_valid, tok_valid_i}),
  .ready_i     ({res_ready, head_ready, ready[0], seq_ready, tok_ready_o}),
  .busy_i      (busy)
);
