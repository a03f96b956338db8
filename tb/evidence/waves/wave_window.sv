// SPDX-License-Identifier: Apache-2.0
// Tells tb/evidence/waves/window.cpp when a token is where the trace is wanted. Bound into every chip that Verilator traces.
//
//   +window_pos=P                   from when the sequencer offers position P until it has left the chip: with its
//                                   answer, or without one at the last layer
//   +window_pos=P +window_layer=L   from when position P is offered to layer L until its vector has left it
//
// Without +window_pos the window is always open.
module wave_window (
  input logic clk_i,
  input logic rst_i
);
  import shape_pkg::*;
  import "DPI-C" function void wave_window_open(input bit open);

  localparam int BEATS = D_MODEL / cartridge_pkg::LANES;

  int pos, layer;
  bit open;
  logic [LAYERS-1:0] enters, leaves;
  logic [15:0] left_q;  // beats that have left
  logic entered, done;

  initial begin
    if (!$value$plusargs("window_pos=%d", pos)) pos = -1;
    if (!$value$plusargs("window_layer=%d", layer)) layer = -1;
    open = pos < 0;
    wave_window_open(open);
  end

  for (genvar l = 0; l < LAYERS; l++) begin : gen_layer
    assign enters[l] = chip.valid[l] && 32'(chip.beat[l].tag.pos) == pos;
    assign leaves[l] = chip.valid[l+1] && chip.ready[l+1] && 32'(chip.beat[l+1].tag.pos) == pos;
  end

  always_comb begin
    if (layer >= 0) begin
      entered = enters[layer];
      done    = leaves[layer] && 32'(left_q) == BEATS - 1;
    end else begin
      entered = chip.seq_valid && 32'(chip.seq_tag.pos) == pos;
      done = chip.res_valid && chip.res_ready && 32'(chip.res_tag.pos) == pos ||
             leaves[LAYERS-1] && !chip.beat[LAYERS].tag.gen && 32'(left_q) == BEATS - 1;
    end
  end

  always_ff @(posedge clk_i) begin
    if (rst_i) left_q <= '0;
    else if (leaves[(layer>=0)?layer : LAYERS-1]) left_q <= (32'(left_q) == BEATS - 1) ? '0 : left_q + 16'd1;
  end

  // On the falling edge, so that the clock edge that takes the first beat is in the trace with what was before it.
  always @(negedge clk_i) begin
    if (pos >= 0 && !rst_i && !open && entered) begin
      open = 1'b1;
      wave_window_open(open);
    end
  end
  always @(posedge clk_i) begin
    if (pos >= 0 && open && done) begin
      open = 1'b0;
      wave_window_open(open);
    end
  end
endmodule

bind chip wave_window u_wave_window (
  .clk_i,
  .rst_i
);
