// One decoder layer: a pipeline of stages joined by valid/ready streams, in dataflow order.
//
//   x --+--> attn_norm -> qkv -> rope -> attention -> o --> (+) --+--> ffn_norm -> gateup -> swiglu -> down --> (+) -->
//       +----------------- skip FIFO --------------------^        +------------------ skip FIFO ----------------^
//
// The skip FIFOs hold the vector for as long as its branch is computed, so the layer is busy while one is not empty.
module layer (
  input  logic                                    clk_i,
  input  logic                                    rst_i,
  input  logic                              [7:0] id_i,     // which layer: names its mask images and its trace
  output logic                                    busy_o,
  input  logic                                    write_valid_i,  // of an adapter
  input  cartridge_pkg::adapter_write_t           write_i,
  output logic                                    corrected_o,  // a word of an SRAM was
  output logic                                    failed_o,     // or could not be
  input  logic                                    valid_i,
  output logic                                    ready_o,
  input  cartridge_pkg::tag_t                     tag_i,
  input  logic        [cartridge_pkg::BEAT_W-1:0] data_i,
  output logic                                    valid_o,
  input  logic                                    ready_i,
  output cartridge_pkg::tag_t                     tag_o,
  output logic        [cartridge_pkg::BEAT_W-1:0] data_o
);
  import cartridge_pkg::*;
  import shape_pkg::*;
  // verilator hier_block

  adapter_write_t write;  // Icarus 11 knows the type of a top's port only from a variable of it
  assign write = write_i;

  localparam int D_Q = HEADS * HEAD_DIM;
  localparam int D_KV = KV_HEADS * HEAD_DIM;
  localparam int BEATS = D_MODEL / LANES;
  localparam int Q_BEATS = D_Q / LANES;
  localparam int KV_BEATS = D_KV / LANES;
  localparam int QKV_BEATS = Q_BEATS + 2 * KV_BEATS;
  localparam int FFN_BEATS = D_FFN / LANES;

  // SRAM errors of the four arrays' adapters and of the KV cache.
  logic [4:0] corrected, failed;
  assign corrected_o = |corrected;
  assign failed_o    = |failed;

  // ---- attention half
  logic an_in_ready, skip1_ready, skip1_valid, skip1_pop;
  logic [BEAT_W-1:0] skip1_data;

  logic an_valid, an_ready, qkv_valid, qkv_ready, rope_valid, rope_ready, att_valid, att_ready, o_valid, o_ready;
  tag_t an_tag, qkv_tag, rope_tag, att_tag, o_tag;
  logic [BEAT_W-1:0] an_data, qkv_data, rope_data, att_data, o_data;

  logic res1_valid, res1_ready;
  tag_t res1_tag;
  logic [BEAT_W-1:0] res1_data;

  assign ready_o = an_in_ready && skip1_ready;

  stream_fifo #(
    .DEPTH(BEATS)
  ) u_skip1 (
    .clk_i,
    .rst_i,
    .valid_i(valid_i && an_in_ready),
    .ready_o(skip1_ready),
    .data_i,
    .valid_o(skip1_valid),
    .ready_i(skip1_pop),
    .data_o (skip1_data)
  );

  rms_norm #(
    .N   (D_MODEL),
    .NEPS(NORM_NEPS),
    .SQN (16'(NORM_SQN)),
    .SQE (NORM_SQE),
    .NAME("attn_norm")
  ) u_attn_norm (
    .clk_i,
    .rst_i,
    .id_i,
    .busy_o (),
    .valid_i(valid_i && skip1_ready),
    .ready_o(an_in_ready),
    .tag_i,
    .data_i,
    .valid_o(an_valid),
    .ready_i(an_ready),
    .tag_o  (an_tag),
    .data_o (an_data)
  );

  matrix #(
    .VIEW     (VIEW),
    .K        (D_MODEL),
    .N        (D_Q + 2 * D_KV),
    .BLOCK    (BLOCK),
    .SLICES   (SLICES_QKV),
    .W_BITS   (CELL_BITS),
    .ACT_W    (ACT_W),
    .BIT_LINES(BIT_LINES),
    .SHARE    (SHARE_QKV),
    .TURN_CLKS(TURN_CLKS),
    .MODULES  (3),
    .ARRAY    (32'(cartridge_pkg::ARRAY_QKV)),
    .FROM_1   (Q_BEATS),
    .FROM_2   (Q_BEATS + KV_BEATS),
    .RANK     (RANK),
    .BANKS    (ADAPTERS),
    .NAME     ("qkv")
  ) u_qkv (
    .clk_i,
    .rst_i,
    .id_i,
    .busy_o (),
    .write_valid_i,
    .write_i(write),
    .corrected_o(corrected[0]),
    .failed_o   (failed[0]),
    .valid_i(an_valid),
    .ready_o(an_ready),
    .tag_i  (an_tag),
    .data_i (an_data),
    .valid_o(qkv_valid),
    .ready_i(qkv_ready),
    .tag_o  (qkv_tag),
    .data_o (qkv_data)
  );

  rope #(
    .HEAD_DIM  (HEAD_DIM),
    .DEPTH     (KV_DEPTH),
    .TURN_BEATS(Q_BEATS + KV_BEATS),
    .BEATS     (QKV_BEATS)
  ) u_rope (
    .clk_i,
    .rst_i,
    .valid_i(qkv_valid),
    .ready_o(qkv_ready),
    .tag_i  (qkv_tag),
    .data_i (qkv_data),
    .valid_o(rope_valid),
    .ready_i(rope_ready),
    .tag_o  (rope_tag),
    .data_o (rope_data)
  );

  attention #(
    .HEADS   (HEADS),
    .KV_HEADS(KV_HEADS),
    .HEAD_DIM(HEAD_DIM),
    .SLOTS   (SLOTS),
    .DEPTH   (KV_DEPTH),
    .ACT_W   (ACT_W),
    .KV_W    (KV_W),
    .SCORE_C (SCORE_C)
  ) u_attention (
    .clk_i,
    .rst_i,
    .layer_i(id_i),
    .corrected_o(corrected[4]),
    .failed_o   (failed[4]),
    .valid_i(rope_valid),
    .ready_o(rope_ready),
    .tag_i  (rope_tag),
    .data_i (rope_data),
    .valid_o(att_valid),
    .ready_i(att_ready),
    .tag_o  (att_tag),
    .data_o (att_data)
  );

  matrix #(
    .VIEW     (VIEW),
    .K        (D_Q),
    .N        (D_MODEL),
    .BLOCK    (BLOCK),
    .SLICES   (SLICES_O),
    .W_BITS   (CELL_BITS),
    .ACT_W    (ACT_W),
    .BIT_LINES(BIT_LINES),
    .SHARE    (SHARE_O),
    .TURN_CLKS(TURN_CLKS),
    .MODULES  (1),
    .ARRAY    (32'(cartridge_pkg::ARRAY_O)),
    .RANK     (RANK),
    .BANKS    (ADAPTERS),
    .NAME     ("o")
  ) u_o (
    .clk_i,
    .rst_i,
    .id_i,
    .busy_o (),
    .write_valid_i,
    .write_i(write),
    .corrected_o(corrected[1]),
    .failed_o   (failed[1]),
    .valid_i(att_valid),
    .ready_o(att_ready),
    .tag_i  (att_tag),
    .data_i (att_data),
    .valid_o(o_valid),
    .ready_i(o_ready),
    .tag_o  (o_tag),
    .data_o (o_data)
  );

  residual u_attn_residual (
    .skip_valid_i(skip1_valid),
    .skip_ready_o(skip1_pop),
    .skip_data_i (skip1_data),
    .valid_i     (o_valid),
    .ready_o     (o_ready),
    .tag_i       (o_tag),
    .data_i      (o_data),
    .valid_o     (res1_valid),
    .ready_i     (res1_ready),
    .tag_o       (res1_tag),
    .data_o      (res1_data)
  );

  // ---- feed-forward half
  logic fn_in_ready, skip2_ready, skip2_valid, skip2_pop;
  logic [BEAT_W-1:0] skip2_data;

  logic fn_valid, fn_ready, gu_valid, gu_ready, glu_valid, glu_ready, down_valid, down_ready;
  tag_t fn_tag, gu_tag, glu_tag, down_tag;
  logic [BEAT_W-1:0] fn_data, gu_data, glu_data, down_data;

  assign res1_ready = fn_in_ready && skip2_ready;

  stream_fifo #(
    .DEPTH(BEATS)
  ) u_skip2 (
    .clk_i,
    .rst_i,
    .valid_i(res1_valid && fn_in_ready),
    .ready_o(skip2_ready),
    .data_i (res1_data),
    .valid_o(skip2_valid),
    .ready_i(skip2_pop),
    .data_o (skip2_data)
  );

  rms_norm #(
    .N   (D_MODEL),
    .NEPS(NORM_NEPS),
    .SQN (16'(NORM_SQN)),
    .SQE (NORM_SQE),
    .NAME("ffn_norm")
  ) u_ffn_norm (
    .clk_i,
    .rst_i,
    .id_i,
    .busy_o (),
    .valid_i(res1_valid && skip2_ready),
    .ready_o(fn_in_ready),
    .tag_i  (res1_tag),
    .data_i (res1_data),
    .valid_o(fn_valid),
    .ready_i(fn_ready),
    .tag_o  (fn_tag),
    .data_o (fn_data)
  );

  matrix #(
    .VIEW     (VIEW),
    .K        (D_MODEL),
    .N        (2 * D_FFN),
    .BLOCK    (BLOCK),
    .SLICES   (SLICES_GATEUP),
    .W_BITS   (CELL_BITS),
    .ACT_W    (ACT_W),
    .BIT_LINES(BIT_LINES),
    .SHARE    (SHARE_GATEUP),
    .TURN_CLKS(TURN_CLKS),
    .MODULES  (2),
    .ARRAY    (32'(cartridge_pkg::ARRAY_GATEUP)),
    .RANK     (RANK),
    .BANKS    (ADAPTERS),
    .NAME     ("gateup")
  ) u_gateup (
    .clk_i,
    .rst_i,
    .id_i,
    .busy_o (),
    .write_valid_i,
    .write_i(write),
    .corrected_o(corrected[2]),
    .failed_o   (failed[2]),
    .valid_i(fn_valid),
    .ready_o(fn_ready),
    .tag_i  (fn_tag),
    .data_i (fn_data),
    .valid_o(gu_valid),
    .ready_i(gu_ready),
    .tag_o  (gu_tag),
    .data_o (gu_data)
  );

  swiglu u_swiglu (
    .clk_i,
    .rst_i,
    .valid_i(gu_valid),
    .ready_o(gu_ready),
    .tag_i  (gu_tag),
    .data_i (gu_data),
    .valid_o(glu_valid),
    .ready_i(glu_ready),
    .tag_o  (glu_tag),
    .data_o (glu_data)
  );

  matrix #(
    .VIEW     (VIEW),
    .K        (D_FFN),
    .N        (D_MODEL),
    .BLOCK    (BLOCK),
    .SLICES   (SLICES_DOWN),
    .W_BITS   (CELL_BITS),
    .ACT_W    (ACT_W),
    .BIT_LINES(BIT_LINES),
    .SHARE    (SHARE_DOWN),
    .TURN_CLKS(TURN_CLKS),
    .MODULES  (1),
    .ARRAY    (32'(cartridge_pkg::ARRAY_DOWN)),
    .RANK     (RANK),
    .BANKS    (ADAPTERS),
    .NAME     ("down")
  ) u_down (
    .clk_i,
    .rst_i,
    .id_i,
    .busy_o (),
    .write_valid_i,
    .write_i(write),
    .corrected_o(corrected[3]),
    .failed_o   (failed[3]),
    .valid_i(glu_valid),
    .ready_o(glu_ready),
    .tag_i  (glu_tag),
    .data_i (glu_data),
    .valid_o(down_valid),
    .ready_i(down_ready),
    .tag_o  (down_tag),
    .data_o (down_data)
  );

  residual u_ffn_residual (
    .skip_valid_i(skip2_valid),
    .skip_ready_o(skip2_pop),
    .skip_data_i (skip2_data),
    .valid_i     (down_valid),
    .ready_o     (down_ready),
    .tag_i       (down_tag),
    .data_i      (down_data),
    .valid_o,
    .ready_i,
    .tag_o,
    .data_o
  );

  assign busy_o = skip1_valid || skip2_valid;

  // ---- trace
`define STREAM_TAP(INST, STAGE_ID, TOTAL_N, BEATS_N, FROM_N, STEP_N, VALID, READY, TAG, DATA) \
  stream_tap #(.STAGE(STAGE_ID), .TOTAL(TOTAL_N), .BEATS(BEATS_N), .FROM(FROM_N), .STEP(STEP_N)) INST ( \
    .clk_i, .rst_i, .layer_i(id_i), .fire_i(VALID && READY), .tag_i(TAG), .data_i(DATA) \
  );
  `STREAM_TAP(u_tap_attn_norm, STAGE_ATTN_NORM, BEATS, BEATS, 0, 1, an_valid, an_ready, an_tag, an_data)
  `STREAM_TAP(u_tap_q, STAGE_Q, QKV_BEATS, Q_BEATS, 0, 1, qkv_valid, qkv_ready, qkv_tag, qkv_data)
  `STREAM_TAP(u_tap_k, STAGE_K, QKV_BEATS, KV_BEATS, Q_BEATS, 1, qkv_valid, qkv_ready, qkv_tag, qkv_data)
  `STREAM_TAP(u_tap_v, STAGE_V, QKV_BEATS, KV_BEATS, Q_BEATS + KV_BEATS, 1, qkv_valid, qkv_ready, qkv_tag, qkv_data)
  `STREAM_TAP(u_tap_q_rope, STAGE_Q_ROPE, QKV_BEATS, Q_BEATS, 0, 1, rope_valid, rope_ready, rope_tag, rope_data)
  `STREAM_TAP(u_tap_k_rope, STAGE_K_ROPE, QKV_BEATS, KV_BEATS, Q_BEATS, 1, rope_valid, rope_ready, rope_tag, rope_data)
  `STREAM_TAP(u_tap_attn_out, STAGE_ATTN_OUT, Q_BEATS, Q_BEATS, 0, 1, att_valid, att_ready, att_tag, att_data)
  `STREAM_TAP(u_tap_o, STAGE_O_PROJ, BEATS, BEATS, 0, 1, o_valid, o_ready, o_tag, o_data)
  `STREAM_TAP(u_tap_res1, STAGE_ATTN_RESIDUAL, BEATS, BEATS, 0, 1, res1_valid, res1_ready, res1_tag, res1_data)
  `STREAM_TAP(u_tap_ffn_norm, STAGE_FFN_NORM, BEATS, BEATS, 0, 1, fn_valid, fn_ready, fn_tag, fn_data)
  `STREAM_TAP(u_tap_gate, STAGE_GATE, 2 * FFN_BEATS, FFN_BEATS, 0, 2, gu_valid, gu_ready, gu_tag, gu_data)
  `STREAM_TAP(u_tap_up, STAGE_UP, 2 * FFN_BEATS, FFN_BEATS, 1, 2, gu_valid, gu_ready, gu_tag, gu_data)
  `STREAM_TAP(u_tap_silu, STAGE_SILU_MUL, FFN_BEATS, FFN_BEATS, 0, 1, glu_valid, glu_ready, glu_tag, glu_data)
  `STREAM_TAP(u_tap_down, STAGE_DOWN, BEATS, BEATS, 0, 1, down_valid, down_ready, down_tag, down_data)
  `STREAM_TAP(u_tap_res2, STAGE_FFN_RESIDUAL, BEATS, BEATS, 0, 1, valid_o, ready_i, tag_o, data_o)
endmodule
