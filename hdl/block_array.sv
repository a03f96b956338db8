// SPDX-License-Identifier: Apache-2.0
// All blocks of a matrix in one of the views of their cells: same ports, same values. What a view is, and how many
// clocks it takes, is in docs/architecture.md.
module block_array #(
  parameter int VIEW      = cartridge_pkg::VIEW_ROM,
  parameter int K         = 64,
  parameter int N         = 32,
  parameter int BLOCK     = 32,
  parameter int SLICES    = 1,
  parameter int W_BITS    = 4,
  parameter int ACT_W     = 12,
  parameter int BIT_LINES = 1,
  parameter int SPAN      = 32,
  parameter int SUPER     = 0,
  parameter int OFFSET    = 0,
  parameter int SHARE     = 1,
  parameter     NAME      = "qkv"
) (
  input logic                  clk_i,
  input logic                  rst_i,
  input cartridge_pkg::layer_t id_i,   // Names the mask images.

  // The beat of activations that load_i loads, or of results that is read.
  input logic [cartridge_pkg::idx_w(((K > N) ? K : N)/cartridge_pkg::LANES)-1:0] beat_i,
  input logic                                                                    load_i,
  input logic [                                  cartridge_pkg::LANES*ACT_W-1:0] load_x_i,

  // The turns of the blocks, a bit of every product a clock; the turns of a span are a pass. One may follow the other
  // without a gap.
  input logic                                              fetch_i,  // The generators take the rows of turn_i.
  input logic [cartridge_pkg::idx_w(BLOCK/BIT_LINES)-1:0] turn_i,   // Rows from turn_i*BIT_LINES on.
  input logic                                              run_i,    // Product bits are on the lines.
  input logic                                              fresh_i,  // They are of the first turn of a pass.
  input logic                                              last_i,   // They are the last of a turn.
  input logic                                              hold_i,   // They are the last of a pass: it can drain.

  // Sums of a span, through the scaling units into the accumulators: from the clock after the last bits of its pass on,
  // until those of the next are on the lines.
  input logic                                                       drain_i,
  input logic                                                       first_i,  // The accumulators start from zero.
  input logic        [            cartridge_pkg::idx_w(K/SPAN)-1:0] span_i,
  input logic        [cartridge_pkg::idx_w((K+BLOCK-1)/BLOCK)-1:0] block_i,  // The one that holds the span.
  input logic        [             cartridge_pkg::idx_w(SHARE)-1:0] part_i,   // Which column of each unit drains.
  input logic        [                                         4:0] shift_i,
  input logic signed [                     ACT_W+$clog2(SPAN)-1:0] xsum_i,

  output logic [cartridge_pkg::BEAT_W-1:0] y_o
);
  import cartridge_pkg::*;

  if (VIEW == VIEW_ROM) begin : gen_rom
    block_array_rom #(
      .K        (K),
      .N        (N),
      .BLOCK    (BLOCK),
      .SLICES   (SLICES),
      .W_BITS   (W_BITS),
      .ACT_W    (ACT_W),
      .BIT_LINES(BIT_LINES),
      .SPAN     (SPAN),
      .SUPER    (SUPER),
      .SHARE    (SHARE),
      .NAME     (NAME)
    ) u_array (
      .clk_i,
      .rst_i,
      .id_i,
      .load_i,
      .load_x_i,
      .fetch_i,
      .turn_i,
      .last_i,
      .drain_i,
      .first_i,
      .span_i,
      .part_i,
      .shift_i,
      .xsum_i,
      .beat_i,
      .y_o
    );
  end else begin : gen_gate
    block_array_gate #(
      .VIEW     (VIEW),
      .K        (K),
      .N        (N),
      .BLOCK    (BLOCK),
      .SLICES   (SLICES),
      .W_BITS   (W_BITS),
      .ACT_W    (ACT_W),
      .BIT_LINES(BIT_LINES),
      .SPAN     (SPAN),
      .SUPER    (SUPER),
      .OFFSET   (OFFSET),
      .SHARE    (SHARE),
      .NAME     (NAME)
    ) u_array (
      .clk_i,
      .rst_i,
      .id_i,
      .load_i,
      .load_x_i,
      .fetch_i,
      .turn_i,
      .run_i,
      .fresh_i,
      .last_i,
      .hold_i,
      .drain_i,
      .first_i,
      .span_i,
      .block_i,
      .part_i,
      .shift_i,
      .xsum_i,
      .beat_i,
      .y_o
    );
  end
endmodule
