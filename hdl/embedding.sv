// SPDX-License-Identifier: Apache-2.0
`include "mask_load.svh"
`include "require.svh"
// Embedding ROM: a token in, its vector out as FX beats.
module embedding #(
  parameter int D_MODEL = 64,
  parameter int VOCAB   = 64,
  parameter int SLICES  = 2,   // cells a weight
  parameter int W_BITS  = 4    // bits a cell
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

  localparam int BEATS = D_MODEL / LANES;
  localparam int WORDS = D_MODEL / 8;
  localparam int GROUPS = D_MODEL / GROUP;
  localparam int BEAT_IW = idx_w(BEATS);
  localparam int CELL_IW = idx_w(VOCAB * SLICES * WORDS);
  localparam int SCALE_IW = idx_w(VOCAB * GROUPS);

  logic [31:0] cells[VOCAB*SLICES*WORDS];  // token, slice, word; digit k of word w is dimension 8w + k
  logic [31:0] scales[VOCAB*GROUPS];  // token, group: {m, d} in binary16
  `MASK_LOAD(cells, "embed", 0, ".w.hex")
  `MASK_LOAD(scales, "embed", 0, ".s.hex")

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

  for (genvar l = 0; l < LANES; l++) begin : gen_lane
    logic [SLICES*W_BITS-1:0] q;
    logic [31:0] scale;
    assign scale = scales[SCALE_IW'(32'(token_q)*GROUPS+32'(beat_q)*BEAT_GROUPS+l/GROUP)];
    for (genvar s = 0; s < SLICES; s++) begin : gen_slice
      assign q[s*W_BITS+:W_BITS] = W_BITS'(
          cells[CELL_IW'((32'(token_q)*SLICES+s)*WORDS+32'(beat_q)*(LANES/8)+l/8)] >> (4 * (l % 8)));
    end
    assign data_o[l*32+:32] = sat32(
        rsr(64'(half_to_int(scale[15:0])) * $signed(64'(q)) + 64'(half_to_int(scale[31:16])), 6'd8)
    );
  end
endmodule
