// SPDX-License-Identifier: Apache-2.0
`include "mask_load.svh"
// All blocks of a matrix as hardware: blocks of cells side by side, their rows sequenced together, and their scaling
// units. Gate or switch view.
// What drains waits until the accumulators have added up the last bits, as many clocks as these count them.
module block_array_gate #(
  parameter int VIEW      = cartridge_pkg::VIEW_GATE,
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

  localparam int BLOCKS = (K + BLOCK - 1) / BLOCK;
  localparam int BLOCK_GROUPS = BLOCK / GROUP;
  localparam int COL_W = ACT_W + W_BITS + $clog2(SPAN);
  localparam int CW = N / 8;
  localparam int VIA_W = BLOCK * SLICES * N * W_BITS;
  localparam int OUT_W = idx_w(N / LANES);

`ifndef SYNTHESIS
  // The mask as the etcher writes it.
  logic [31:0] cells[SLICES][K][CW];
  `MASK_LOAD(cells, cells[r/K][r%K][c], SLICES * K, CW, NAME, id_i, ".w.bin")
`endif

  logic [N*SLICES*COL_W-1:0] sum[BLOCKS];

  for (genvar p = 0; p < BLOCKS; p++) begin : gen_block
    // The mask as via positions. In silicon the metal is all that ties them: the netlist leaves them open.
    logic [VIA_W-1:0] via;
`ifndef SYNTHESIS
    // Rows past the matrix (a last block that is not full) have no vias that matter: their word lines never rise.
    function automatic logic [VIA_W-1:0] vias();
      vias = '0;
      for (int unsigned r = 0; r < BLOCK; r++) begin
        for (int unsigned s = 0; s < SLICES; s++) begin
          for (int unsigned c = 0; c < N; c++) begin
            if (p * BLOCK + r < K)
              vias[((r*SLICES+s)*N+c)*W_BITS+:W_BITS] = cells[s][p*BLOCK+r][c%CW][(c/CW)*4+:W_BITS];
          end
        end
      end
    endfunction
    always @(posedge cells_loaded) via = vias();
`endif

    // Group g of the matrix is number g % BEAT_GROUPS of beat g / BEAT_GROUPS.
    logic [BLOCK_GROUPS-1:0] load;
    logic [BLOCK*ACT_W-1:0] load_x;
    for (genvar s = 0; s < BLOCK_GROUPS; s++) begin : gen_load
      localparam int INDEX = p * BLOCK_GROUPS + s;
      assign load[s] = load_i && 32'(beat_i) == INDEX / BEAT_GROUPS;
      assign load_x[s*GROUP*ACT_W+:GROUP*ACT_W] = load_x_i[(INDEX%BEAT_GROUPS)*GROUP*ACT_W+:GROUP*ACT_W];
    end

    block #(
      .VIEW     (VIEW),
      .BLOCK    (BLOCK),
      .N        (N),
      .SLICES   (SLICES),
      .W_BITS   (W_BITS),
      .ACT_W    (ACT_W),
      .BIT_LINES(BIT_LINES),
      .SPAN     (SPAN)
    ) u_block (
      .clk_i,
      .rst_i,
      .load_i  (load),
      .load_x_i(load_x),
      .fetch_i,
      .turn_i,
      .run_i,
      .fresh_i,
      .last_i,
      .hold_i,
      .via_i   (via),
      .sum_o   (sum[p])
    );
  end

  logic drain_q, first_q;
  logic [idx_w(K/SPAN)-1:0] span_q;
  logic [idx_w(BLOCKS)-1:0] block_q;
  logic [idx_w(SHARE)-1:0] part_q;
  logic [4:0] shift_q;
  logic signed [ACT_W+$clog2(SPAN)-1:0] xsum_q;
  always_ff @(posedge clk_i) begin
    drain_q <= drain_i && !rst_i;
    first_q <= first_i;
    span_q  <= span_i;
    block_q <= block_i;
    part_q  <= part_i;
    shift_q <= shift_i;
    xsum_q  <= xsum_i;
  end

  scale_drain #(
    .K     (K),
    .N     (N),
    .SLICES(SLICES),
    .W_BITS(W_BITS),
    .SPAN  (SPAN),
    .SUPER (SUPER),
    .OFFSET(OFFSET),
    .ACT_W (ACT_W),
    .SHARE (SHARE),
    .NAME  (NAME)
  ) u_drain (
    .clk_i,
    .rst_i,
    .id_i,
    .drain_i(drain_q),
    .first_i(first_q),
    .span_i (span_q),
    .part_i (part_q),
    .shift_i(shift_q),
    .sum_i  (sum[block_q]),
    .xsum_i (xsum_q),
    .beat_i (OUT_W'(beat_i)),
    .y_o
  );
endmodule
