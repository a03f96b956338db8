// SPDX-License-Identifier: Apache-2.0
`include "mask_load.svh"
`include "require.svh"
// Embedding ROM: a token in, its vector out as FX beats.
module embedding #(
  parameter int D_MODEL = 64,
  parameter int VOCAB   = 64,
  parameter int SLICES  = 2,   // cells a weight
  parameter int W_BITS  = 4,   // bits a cell
  parameter int SPAN    = 32,  // dimensions that share integers of 8 bits, or where there are none, a scale
  parameter int SUPER   = 0    // dimensions that share a scale {m, d} ahead of which are integers; 0: no integers
) (
  input  logic                              clk_i,
  input  logic                              rst_i,
  input  logic                              valid_i,
  output logic                              ready_o,
  input  cartridge_pkg::tag_t               tag_i,
  input  logic [cartridge_pkg::TOKEN_W-1:0] token_i,
  output logic                              valid_o,
  input  logic                              ready_i,
  output cartridge_pkg::tag_t               tag_o,
  output logic  [cartridge_pkg::BEAT_W-1:0] data_o
);
  import cartridge_pkg::*;

  `REQUIRE(vector_is_whole_beats, D_MODEL >= LANES && D_MODEL % LANES == 0)
  `REQUIRE(tokens_number_the_vocabulary, VOCAB >= 1 && VOCAB <= 1 << TOKEN_W)
  `REQUIRE(cell_has_1_to_4_bits, W_BITS >= 1 && W_BITS <= 4)
  `REQUIRE(weight_has_cells, SLICES >= 1)
  `REQUIRE(span_is_16_or_32, SPAN == 16 || SPAN == 32)
  `REQUIRE(superblock_is_0_32_or_256, SUPER == 0 || SUPER == 32 || SUPER == 256)
  `REQUIRE(spans_without_integers_are_groups, SUPER != 0 || SPAN != 16)
  `REQUIRE(vector_is_whole_superblocks, SUPER != 256 || D_MODEL % 256 == 0)

  localparam int BEATS = D_MODEL / LANES;
  localparam int WORDS = D_MODEL / 8;
  localparam int SCALE = (SUPER == 0) ? SPAN : SUPER;  // dimensions that share a scale
  localparam int SCALES = D_MODEL / SCALE;
  localparam int BEAT_IW = idx_w(BEATS);
  localparam int CELL_IW = idx_w(VOCAB * SLICES * WORDS);
  localparam int SCALE_IW = idx_w(VOCAB * SCALES);

  logic [31:0] cells[VOCAB*SLICES*WORDS];  // token, slice, word; digit k of word w is dimension 8w + k
  logic [31:0] scales[VOCAB*SCALES];  // token, what shares a scale: {m, d} in binary16
  `MASK_LOAD(cells, cells[r*WORDS+c], VOCAB * SLICES, WORDS, "embed", 0, ".w.bin")
  `MASK_LOAD(scales, scales[r*SCALES+c], VOCAB, SCALES, "embed", 0, ".s.bin")

  logic busy_q;
  logic [BEAT_IW-1:0] beat_q;
  tag_t tag_q;
  logic [TOKEN_W-1:0] token_q;

  assign ready_o = !busy_q;
  assign valid_o = busy_q;
  assign tag_o   = tag_q;

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      busy_q  <= 1'b0;
      beat_q  <= '0;
      tag_q   <= '0;
      token_q <= '0;
    end else if (!busy_q) begin
      busy_q <= valid_i;
      if (valid_i) begin
        tag_q   <= tag_i;
        token_q <= token_i;
      end
    end else if (ready_i) begin
      beat_q <= beat_q + 1'b1;
      if (beat_q == BEAT_IW'(BEATS - 1)) begin
        beat_q <= '0;
        busy_q <= 1'b0;
      end
    end
  end

  logic [BEAT_GROUPS*32-1:0] beat_integers;  // {n, s} of a group's spans, the first one low
  if (SUPER != 0) begin : gen_integers
    localparam int GROUPS = D_MODEL / GROUP;
    localparam int GROUP_IW = idx_w(VOCAB * GROUPS);

    logic [31:0] integers[VOCAB*GROUPS];  // token, group
    `MASK_LOAD(integers, integers[r*GROUPS+c], VOCAB, GROUPS, "embed", 0, ".k.bin")

    for (genvar g = 0; g < BEAT_GROUPS; g++) begin : gen_group
      assign beat_integers[g*32+:32] = integers[GROUP_IW'(32'(token_q)*GROUPS+32'(beat_q)*BEAT_GROUPS+g)];
    end
  end else begin : gen_plain
    assign beat_integers = {BEAT_GROUPS{32'h0101_0101}};
  end

  for (genvar l = 0; l < LANES; l++) begin : gen_lane
    localparam int PAIR = (l / GROUP) * 32 + (l % GROUP / SPAN) * 16;  // of integers, of this lane's span
    logic [SLICES*W_BITS-1:0] q;
    logic [31:0] scale;
    logic signed [7:0] by_d, by_m;
    logic signed [63:0] weight, offset;
    assign {by_m, by_d} = beat_integers[PAIR+:16];
    assign scale = scales[SCALE_IW'(32'(token_q)*SCALES+(32'(beat_q)*LANES+l)/SCALE)];
    for (genvar s = 0; s < SLICES; s++) begin : gen_slice
      assign q[s*W_BITS+:W_BITS] = W_BITS'(
          cells[CELL_IW'((32'(token_q)*SLICES+s)*WORDS+32'(beat_q)*(LANES/8)+l/8)] >> (4 * (l % 8)));
    end
    assign weight = 64'(half_to_int(scale[15:0])) * (64'(by_d) * $signed(64'(q)));
    assign offset = 64'(half_to_int(scale[31:16])) * 64'(by_m);
    assign data_o[l*32+:32] = sat32(rsr(weight + offset, 6'd8));
  end
endmodule
