// SPDX-License-Identifier: Apache-2.0
`include "mask_load.svh"
`include "require.svh"
// Embedding ROM: a token in, its vector out as FX beats, sat32(rsr(D*s*q + M*n, 8)) of each code q (docs/formats.md). D and M
// are significands that their exponents move. In stages:
//
//   read | signs of D and M to s and n | D*s and M*n, two | D*s*q, two | moved | sum | rounded, saturated
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
  output logic                              busy_o,   // some beats of a vector are inside
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

  localparam int STAGES = 9;
  localparam int Q_W = SLICES * W_BITS;
  localparam int FACTOR_W = 11 + 9;  // of a significand and s
  localparam int PROD_W = Q_W + FACTOR_W;
  // |D| < 2^24, |M| < 2^31, |s| and |n| are at most 2^7; a bit for the sum, and the sign.
  localparam int SUM_W = 24 + 7 + ((Q_W > 7) ? Q_W : 7) + 2;

  // ---- a token's beats into the pipe
  logic busy_q, pipe_ready, pipe_busy;
  logic [BEAT_IW-1:0] beat_q;
  tag_t tag_q, tag_out;  // Icarus 11 knows the type of a top's port only from a variable of it
  logic [TOKEN_W-1:0] token_q;
  logic [STAGES-1:0] en;

  assign ready_o = !busy_q;
  assign busy_o  = busy_q || pipe_busy;
  assign tag_o   = tag_out;

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
    end else if (pipe_ready) begin
      beat_q <= beat_q + 1'b1;
      if (beat_q == BEAT_IW'(BEATS - 1)) begin
        beat_q <= '0;
        busy_q <= 1'b0;
      end
    end
  end

  stream_pipe #(
    .STAGES(STAGES),
    .WIDTH ($bits(tag_t))
  ) u_pipe (
    .clk_i,
    .rst_i,
    .busy_o (pipe_busy),
    .valid_i(busy_q),
    .ready_o(pipe_ready),
    .data_i (tag_q),
    .en_o   (en),
    .valid_o,
    .ready_i,
    .data_o (tag_out)
  );

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

  // What a group shares, what a span does, and the values.
  for (genvar g = 0; g < BEAT_GROUPS; g++) begin : gen_group
    logic [31:0] scale_q[6];  // by stage
    logic [31:0] integers_q;

    always_ff @(posedge clk_i) begin
      if (en[0]) begin
        scale_q[0] <= scales[SCALE_IW'(32'(token_q)*SCALES+(32'(beat_q)*LANES+g*GROUP)/SCALE)];
        integers_q <= beat_integers[g*32+:32];
      end
      for (int unsigned t = 1; t < 6; t++) if (en[t]) scale_q[t] <= scale_q[t-1];
    end

    for (genvar p = 0; p < GROUP / SPAN; p++) begin : gen_span
      logic signed [7:0] s, n;
      logic signed [8:0] s_q, n_q;
      logic signed [FACTOR_W-1:0] ds_sum, ds_carry, ds_sum_q, ds_carry_q, ds_q;
      logic signed [FACTOR_W-1:0] mn_sum, mn_carry, mn_sum_q, mn_carry_q, mn_3_q, mn_4_q, mn_5_q;
      logic signed [SUM_W-1:0] m_part_q;
      assign {n, s} = integers_q[p*16+:16];

      product_words #(
        .A_W(11),
        .B_W(9)
      ) u_ds (
        .a_i(significand(scale_q[1][14:0])),
        .b_i(s_q),
        .s_o(ds_sum),
        .c_o(ds_carry)
      );

      product_words #(
        .A_W(11),
        .B_W(9)
      ) u_mn (
        .a_i(significand(scale_q[1][30:16])),
        .b_i(n_q),
        .s_o(mn_sum),
        .c_o(mn_carry)
      );

      always_ff @(posedge clk_i) begin
        if (en[1]) begin
          s_q <= scale_q[0][15] ? -9'(s) : 9'(s);
          n_q <= scale_q[0][31] ? -9'(n) : 9'(n);
        end
        if (en[2]) begin
          ds_sum_q   <= ds_sum;
          ds_carry_q <= ds_carry;
          mn_sum_q   <= mn_sum;
          mn_carry_q <= mn_carry;
        end
        if (en[3]) begin
          ds_q   <= ds_sum_q + ds_carry_q;
          mn_3_q <= mn_sum_q + mn_carry_q;
        end
        if (en[4]) mn_4_q <= mn_3_q;
        if (en[5]) mn_5_q <= mn_4_q;
        if (en[6]) m_part_q <= SUM_W'(mn_5_q) <<< exponent_places(scale_q[5][30:26]);
      end

      for (genvar i = 0; i < SPAN; i++) begin : gen_lane
        localparam int LANE = g * GROUP + p * SPAN + i;
        logic [Q_W-1:0] code;
        logic [4*Q_W-1:0] code_q;  // of four stages
        logic signed [PROD_W-1:0] prod_sum, prod_carry, prod_sum_q, prod_carry_q, prod_q;
        logic signed [SUM_W-1:0] d_part_q, sum_q;
        logic [31:0] value_q;

        for (genvar c = 0; c < SLICES; c++) begin : gen_slice
          assign code[c*W_BITS+:W_BITS] = W_BITS'(
              cells[CELL_IW'((32'(token_q)*SLICES+c)*WORDS+32'(beat_q)*(LANES/8)+LANE/8)] >> (4 * (LANE % 8)));
        end

        product_words #(
          .A_W(Q_W),
          .B_W(FACTOR_W)
        ) u_prod (
          .a_i(code_q[3*Q_W+:Q_W]),
          .b_i(ds_q),
          .s_o(prod_sum),
          .c_o(prod_carry)
        );

        always_ff @(posedge clk_i) begin
          if (en[0]) code_q[Q_W-1:0] <= code;
          for (int unsigned t = 1; t < 4; t++) if (en[t]) code_q[t*Q_W+:Q_W] <= code_q[(t-1)*Q_W+:Q_W];
          if (en[4]) begin
            prod_sum_q   <= prod_sum;
            prod_carry_q <= prod_carry;
          end
          if (en[5]) prod_q <= prod_sum_q + prod_carry_q;
          if (en[6]) d_part_q <= SUM_W'(prod_q) <<< exponent_places(scale_q[5][14:10]);
          if (en[7]) sum_q <= d_part_q + m_part_q;
          if (en[8]) value_q <= rounded(sum_q);
        end
        assign data_o[LANE*32+:32] = value_q;
      end
    end
  end

  // Without its last 8 bits, half up, in 32 bits.
  function automatic logic [31:0] rounded(input logic signed [SUM_W-1:0] sum);
    if (sum[SUM_W-1:39] != {SUM_W - 39{sum[SUM_W-1]}}) rounded = {sum[SUM_W-1], {31{!sum[SUM_W-1]}}};
    else if (sum[39:8] == 32'h7fff_ffff) rounded = sum[39:8];
    else rounded = sum[39:8] + 32'(sum[7]);
  endfunction
endmodule
