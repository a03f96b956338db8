// SPDX-License-Identifier: Apache-2.0
`include "mask_load.svh"
// All blocks of a matrix and their scaling units in word-parallel arithmetic: the fast view, for simulating real
// models. A turn of every block, BIT_LINES rows, is added with its last bits. All columns drain in the first of a span's
// SHARE clocks.
//
// The loops run over contiguous words, with unsigned indices whose range is plain to see, so that the C++ compiler can
// drop the bound checks and vectorise them.
module block_array_rom #(
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

  // The turns of the blocks, a bit of every product a clock; the turns of a span are a pass. One may follow the other
  // without a gap.
  input logic                                              fetch_i,  // The generators take the rows of turn_i.
  input logic [cartridge_pkg::idx_w(BLOCK/BIT_LINES)-1:0] turn_i,   // Rows from turn_i*BIT_LINES on.
  input logic                                              last_i,   // The last product bits of the turn before.

  // Sums of a span, through the scaling units into the accumulators: from the clock after the last bits of its pass on,
  // until those of the next are on the lines.
  input logic                                                       drain_i,
  input logic                                                       first_i,  // The accumulators start from zero.
  input logic        [            cartridge_pkg::idx_w(K/SPAN)-1:0] span_i,
  input logic        [             cartridge_pkg::idx_w(SHARE)-1:0] part_i,   // Which column of each unit drains.
  input logic        [                                         4:0] shift_i,
  input logic signed [                     ACT_W+$clog2(SPAN)-1:0] xsum_i,

  output logic [cartridge_pkg::BEAT_W-1:0] y_o
);
  import cartridge_pkg::*;

  localparam int SPANS = K / SPAN;
  localparam int PASSES = BLOCK / SPAN;
  localparam int TURNS = SPAN / BIT_LINES;
  localparam int SCALE = (SUPER == 0) ? SPAN : SUPER;  // inputs of a column that share a scale
  localparam int INTEGERS = (SUPER == 0) ? 1 : K / GROUP;
  localparam int TURN_W = idx_w(BLOCK / BIT_LINES);
  localparam int CW = N / 8;
  localparam int ONES = (1 << W_BITS) - 1;

  logic [31:0] cells[SLICES][K][CW];  // digit k of word c is column k*CW + c
  logic [31:0] scales[K/SCALE][N];  // {m, d} in binary16
  `MASK_LOAD(cells, cells[r/K][r%K][c], SLICES * K, CW, NAME, id_i, ".w.bin")
  `MASK_LOAD(scales, scales[r][c], K / SCALE, N, NAME, id_i, ".s.bin")

  logic [31:0] integers[INTEGERS][N];  // {n, s} of a group's spans, the first one low; none without super-blocks
  if (SUPER != 0) begin : gen_integers
    `MASK_LOAD(integers, integers[r][c], INTEGERS, N, NAME, id_i, ".k.bin")
  end

  logic signed [31:0] x_q[K];
  logic signed [31:0] sum_q[SPANS][N];
  logic signed [63:0] acc_q[N];

  // Written out for each row, a turn of many would be compiled for long.
  function automatic void add_turn(input int unsigned pass, input int unsigned turn);
    int unsigned row;
    int signed x;
    for (int unsigned b = 0; b < SPANS; b++) begin
      if (b % PASSES == pass) begin
        if (turn == 0) for (int unsigned n = 0; n < N; n++) sum_q[b][n] = 0;
        // verilator unroll_disable
        for (int unsigned j = 0; j < BIT_LINES; j++) begin
          row = b * SPAN + turn * BIT_LINES + j;
          for (int unsigned s = 0; s < SLICES; s++) begin
            x = x_q[row] <<< (s * W_BITS);
            for (int unsigned k = 0; k < 8; k++) begin
              for (int unsigned c = 0; c < CW; c++) begin
                sum_q[b][k*CW+c] = sum_q[b][k*CW+c] + x * $signed((cells[s][row][c] >> (4 * k)) & ONES);
              end
            end
          end
        end
      end
    end
  endfunction

  function automatic void drain(input int unsigned span, input logic [5:0] places, input logic signed [63:0] keep);
    for (int unsigned n = 0; n < N; n++) begin
      acc_q[n] = (acc_q[n] & keep) + ((SUPER == 0) ? scaled(
          scales[span][n], sum_q[span][n], 32'(xsum_i), places
      ) : sub_scaled(
          scales[span*SPAN/SCALE][n],
          16'(integers[span*SPAN/GROUP][n] >> (span * SPAN % GROUP)),
          sum_q[span][n],
          32'(xsum_i),
          places
      ));
    end
  endfunction

  logic [TURN_W-1:0] turn_q;
  always_ff @(posedge clk_i) begin
    if (rst_i) turn_q <= '0;
    else if (fetch_i) turn_q <= turn_i;
  end

  // Memories are written in place: nobody reads them in the clocks in which they change.
  always @(posedge clk_i) begin
    if (load_i) begin
      for (int unsigned l = 0; l < LANES; l++) x_q[32'(beat_i)*LANES+l] = 32'($signed(load_x_i[l*ACT_W+:ACT_W]));
    end
    if (last_i) add_turn(32'(turn_q) / TURNS, 32'(turn_q) % TURNS);
    if (drain_i && part_i == 0) drain(32'(span_i), {1'b0, shift_i}, first_i ? 64'sd0 : -64'sd1);
  end

  for (genvar l = 0; l < LANES; l++) begin : gen_lane
    assign y_o[l*32+:32] = sat32(rsr(acc_q[32'(beat_i)*LANES+l], 6'(ACT_W - 8)));
  end
endmodule
