`include "assert.svh"
// An output stream: a beat that waits stays as it is until it is accepted.
module stream_assert #(
  parameter int WIDTH = 1
) (
  input logic             clk_i,
  input logic             rst_i,
  input logic             valid_i,
  input logic             ready_i,
  input logic [WIDTH-1:0] beat_i
);
  logic             waits_q;
  logic [WIDTH-1:0] beat_q;

  always_ff @(posedge clk_i) begin
    waits_q <= !rst_i && valid_i && !ready_i;
    if (valid_i && !ready_i) beat_q <= beat_i;
    if (!rst_i && waits_q) begin
      `HOLDS(not_withdrawn, valid_i, "a waiting beat was withdrawn")
      `HOLDS(not_changed, beat_i == beat_q, "a waiting beat was changed")
    end
  end
endmodule

bind sequencer stream_assert #(.WIDTH($bits({tag_o, token_o}))) u_layers_assert (
  .clk_i, .rst_i, .valid_i(valid_o), .ready_i, .beat_i({tag_o, token_o})
);
bind sequencer stream_assert #(.WIDTH($bits({out_slot_o, out_pos_o, out_token_o, out_end_o}))) u_host_assert (
  .clk_i, .rst_i, .valid_i(out_valid_o), .ready_i(out_ready_i),
  .beat_i({out_slot_o, out_pos_o, out_token_o, out_end_o})
);
`define BIND_STREAM(MODULE, FIELDS) \
  bind MODULE stream_assert #(.WIDTH($bits(FIELDS))) u_stream_assert ( \
    .clk_i, .rst_i, .valid_i(valid_o), .ready_i, .beat_i(FIELDS) \
  );
`define TAGGED {tag_o, data_o}
`define CHOSEN {tag_o, token_o}
`BIND_STREAM(embedding, `TAGGED)
`BIND_STREAM(rms_norm, `TAGGED)
`BIND_STREAM(matrix, `TAGGED)
`BIND_STREAM(rope, `TAGGED)
`BIND_STREAM(attention, `TAGGED)
`BIND_STREAM(swiglu, `TAGGED)
`BIND_STREAM(argmax, `CHOSEN)
`BIND_STREAM(stream_fifo, data_o)
