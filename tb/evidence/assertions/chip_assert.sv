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
  input logic [       4:0] valid_i,  // of the streams that NAMES names, the first one lowest
  input logic [       4:0] ready_i,
  input logic [LAYERS-1:0] busy_i
);
  import assertion_pkg::*;

  localparam string NAMES[5] = '{
    "host to sequencer", "sequencer to embedding", "embedding to layer 0", "final norm to head", "token to sequencer"
  };

  int unsigned silent_q, moved_q;
  logic [LAYERS-1:0] leaves;
  for (genvar l = 0; l < LAYERS; l++) begin : gen_layer
    assign leaves[l] = chip.gen_layer[l].valid;
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
  .clk_i, .rst_i(rst_i || rst_q), .host_waits_i(out_valid_o && !out_ready_i),
  .idle_i(idle_o),
  .occupied_i(|{tok_valid_i, seq_valid, emb_valid, busy, last_valid, fn_busy, head_busy, sampling, res_valid}),
  .valid_i({res_valid, fn_valid, emb_valid, seq_valid, tok_valid_i}),
  .ready_i({res_ready, fn_ready, emb_ready, seq_ready, tok_ready_o}),
  .busy_i(busy)
);
