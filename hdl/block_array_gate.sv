// SPDX-License-Identifier: Apache-2.0
`include "mask_load.svh"
// All blocks of a matrix as hardware: blocks of cells side by side, their rows sequenced together, and their scaling
// units. Gate or switch view.
// A block holds one or several spans and runs one of them (pass_i) at a time, BIT_LINES rows a turn.
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

  // One pass of the blocks: its turns begin after start_i and have ended with done_o.
  input  logic                                        start_i,
  input  logic [cartridge_pkg::idx_w(BLOCK/SPAN)-1:0] pass_i,
  output logic                                        done_o,

  // Sums of a span, through the scaling units into the accumulators.
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
  localparam int PROD_W = ACT_W + W_BITS;
  localparam int TURNS = SPAN / BIT_LINES;
  localparam int SUM_W = ACT_W + SLICES * W_BITS + $clog2(SPAN) + 1;  // sign and the carry of slices included
  localparam int CW = N / 8;
  localparam int VIA_W = BLOCK * SLICES * N * W_BITS;
  localparam int TURN_W = idx_w(TURNS);
  localparam int ROWS_W = idx_w(BLOCK / BIT_LINES);
  localparam int BIT_W = $clog2(PROD_W);
  localparam int OUT_W = idx_w(N / LANES);

`ifndef SYNTHESIS
  // The mask as the etcher writes it.
  logic [31:0] cells[SLICES][K][CW];
  `MASK_LOAD(cells, cells[r/K][r%K][c], SLICES * K, CW, NAME, id_i, ".w.bin")
`endif

  // Turn sequencer: one clock to fetch a turn's activations, then PROD_W clocks of product bits, the next fetch
  // overlapping the last bit.
  typedef enum logic [1:0] {
    StIdle,
    StFetch,
    StRun
  } state_e;
  state_e state_q;
  logic [TURN_W-1:0] turn_q;  // of the pass
  logic [BIT_W-1:0] bit_q;
  logic last_bit, last_turn, fetch, run, done_q;
  logic [ROWS_W-1:0] fetch_turn;  // of the block

  assign run        = state_q == StRun;
  assign last_bit   = run && bit_q == BIT_W'(PROD_W - 1);
  assign last_turn  = turn_q == TURN_W'(TURNS - 1);
  assign fetch      = (state_q == StFetch) || (last_bit && !last_turn);
  assign done_o     = done_q;
  assign fetch_turn = ROWS_W'(32'(pass_i) * TURNS + 32'(turn_q) + 32'(run));

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      state_q <= StIdle;
      turn_q  <= '0;
      bit_q   <= '0;
      done_q  <= 1'b0;
    end else begin
      done_q <= last_bit && last_turn;
      unique case (state_q)
        StIdle:
        if (start_i) begin
          state_q <= StFetch;
          turn_q  <= '0;
        end
        StFetch: begin
          state_q <= StRun;
          bit_q   <= '0;
        end
        StRun: begin
          bit_q <= bit_q + 1'b1;
          if (last_bit) begin
            bit_q  <= '0;
            turn_q <= turn_q + 1'b1;
            if (last_turn) state_q <= StIdle;
          end
        end
        default: state_q <= StIdle;
      endcase
    end
  end

  logic [N*SUM_W-1:0] sum[BLOCKS];

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
      .SPAN     (SPAN),
      .SUM_W    (SUM_W)
    ) u_block (
      .clk_i,
      .rst_i,
      .load_i  (load),
      .load_x_i(load_x),
      .clear_i (rst_i || start_i),
      .fetch_i (fetch),
      .run_i   (run),
      .last_i  (last_bit),
      .turn_i  (fetch_turn),
      .via_i   (via),
      .sum_o   (sum[p])
    );
  end

  scale_drain #(
    .K    (K),
    .N    (N),
    .SPAN (SPAN),
    .SUPER(SUPER),
    .ACT_W(ACT_W),
    .SUM_W(SUM_W),
    .SHARE(SHARE),
    .NAME (NAME)
  ) u_drain (
    .clk_i,
    .rst_i,
    .id_i,
    .drain_i,
    .first_i,
    .span_i,
    .part_i,
    .shift_i,
    .sum_i (sum[block_i]),
    .xsum_i,
    .beat_i(OUT_W'(beat_i)),
    .y_o
  );
endmodule
