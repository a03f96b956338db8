// SPDX-License-Identifier: Apache-2.0
// One decoder layer: a pipeline of stages joined by valid/ready streams, in dataflow order.
//
//   x --+--> attn_norm -> qkv -> rope -> attention -> o --> (+) --+--> ffn_norm -> gateup -> swiglu -> down --> (+) -->
//       +----------------- skip FIFO --------------------^        +------------------ skip FIFO ----------------^
//
// The skip FIFOs hold the vector and its tag for as long as its branch is computed, so the layer is busy while one is not
// empty, and what a branch has lost or doubled is seen where it ends.
// A stream has the name of the stage that it is (docs/formats.md), so far as it is one. A stage has a clock only while it
// is offered a beat or holds some of a vector: most of the time one of seven has.
module layer (
  input  logic                                                      clk_i,
  input  logic                                                      rst_i,
  input  cartridge_pkg::layer_t                                     id_i,           // Names its masks and its trace.
  output logic                                                      busy_o,
  input  logic                                                      write_valid_i,
  input  cartridge_pkg::adapter_write_t                             write_i,
  output logic                                                      corrected_o,    // A word was corrected.
  output logic                                                      failed_o,       // A word could not be corrected.
  output logic                                                      parted_o,       // What met was not of one token.
  input  logic                          [                      1:0] sig_array_i,  // ARRAY_*
  output logic                          [                     31:0] signature_o,    // of that array's stream
  input  logic                                                      valid_i,
  output logic                                                      ready_o,
  input  cartridge_pkg::tag_t                                       tag_i,
  input  logic                          [cartridge_pkg::BEAT_W-1:0] data_i,
  output logic                                                      valid_o,
  input  logic                                                      ready_i,
  output cartridge_pkg::tag_t                                       tag_o,
  output logic                          [cartridge_pkg::BEAT_W-1:0] data_o
);
  import cartridge_pkg::*;
  import shape_pkg::*;

  adapter_write_t write;  // Icarus 11 knows the type of a top's port only from a variable of it
  assign write = write_i;

  localparam int BEATS = D_MODEL / LANES;
  localparam int Q_BEATS = HEADS * HEAD_DIM / LANES;
  localparam int KV_BEATS = KV_HEADS * HEAD_DIM / LANES;
  localparam int QKV_BEATS = Q_BEATS + 2 * KV_BEATS;
  localparam int FFN_BEATS = D_FFN / LANES;

  // SRAM errors of the four arrays' adapters and of the KV cache; tags that differ, or are broken, where each half ends.
  logic [4:0] corrected, failed;
  logic [1:0] parted;
  assign corrected_o = |corrected;
  assign failed_o    = |failed;
  assign parted_o    = |parted;

  // ---- streams of the attention half, and of the feed-forward half
  logic attn_hold_valid, attn_hold_ready, attn_in_valid, attn_in_ready, attn_skip_valid, attn_skip_ready;
  logic attn_norm_valid, attn_norm_ready, qkv_valid, qkv_ready, rope_valid, rope_ready;
  logic attn_out_valid, attn_out_ready, o_proj_valid, o_proj_ready, attn_residual_valid, attn_residual_ready;
  tag_t attn_skip_tag, attn_norm_tag, qkv_tag, rope_tag, attn_out_tag, o_proj_tag, attn_residual_tag;
  logic [BEAT_W-1:0] attn_skip_data, attn_norm_data, qkv_data, rope_data, attn_out_data, o_proj_data;
  logic [BEAT_W-1:0] attn_residual_data;

  logic ffn_hold_valid, ffn_hold_ready, ffn_in_valid, ffn_in_ready, ffn_skip_valid, ffn_skip_ready;
  logic ffn_norm_valid, ffn_norm_ready, gateup_valid, gateup_ready, silu_mul_valid, silu_mul_ready;
  logic down_valid, down_ready, ffn_residual_valid, ffn_residual_ready;
  tag_t ffn_skip_tag, ffn_norm_tag, gateup_tag, silu_mul_tag, down_tag, ffn_residual_tag;
  logic [BEAT_W-1:0] ffn_skip_data, ffn_norm_data, gateup_data, silu_mul_data, down_data, ffn_residual_data;

  // ---- clocks: what has no state of its own to be busy with has that of the stage whose beats it takes or holds
  logic attn_skip_clk, attn_norm_clk, qkv_clk, attention_clk, o_proj_clk;
  logic ffn_skip_clk, ffn_norm_clk, gateup_clk, down_clk;
  logic attn_norm_busy, qkv_busy, rope_busy, attention_busy, o_proj_busy;
  logic ffn_norm_busy, gateup_busy, swiglu_busy, down_busy;
  logic [3:0] writes;  // of adapters, by ARRAY_*

  assign writes = write_valid_i ? 4'd1 << write.array : '0;

  `define LAYER_GATE_(STAGE, WORK) \
  clk_gate u_gate_``STAGE ( \
    .clk_i, .en_i(rst_i || (WORK)), .test_en_i(1'b0), .clk_o(STAGE``_clk) \
  );
  `LAYER_GATE_(attn_skip, valid_i || o_proj_valid)
  `LAYER_GATE_(attn_norm, valid_i || attn_norm_busy)
  `LAYER_GATE_(qkv, attn_norm_valid || qkv_busy || rope_busy || writes[ARRAY_QKV])
  `LAYER_GATE_(attention, rope_valid || attention_busy)
  `LAYER_GATE_(o_proj, attn_out_valid || o_proj_busy || writes[ARRAY_O])
  `LAYER_GATE_(ffn_skip, o_proj_valid || down_valid)
  `LAYER_GATE_(ffn_norm, o_proj_valid || ffn_norm_busy)
  `LAYER_GATE_(gateup, ffn_norm_valid || gateup_busy || swiglu_busy || writes[ARRAY_GATEUP])
  `LAYER_GATE_(down, silu_mul_valid || down_busy || writes[ARRAY_DOWN])
  `undef LAYER_GATE_

  // ---- attention half
  stream_fork u_attn_fork (
    .valid_i,
    .ready_o,
    .a_valid_o(attn_hold_valid),
    .a_ready_i(attn_hold_ready),
    .b_valid_o(attn_in_valid),
    .b_ready_i(attn_in_ready)
  );

  stream_fifo #(
    .DEPTH(BEATS),
    .WIDTH($bits(beat_t))
  ) u_attn_skip (
    .clk_i  (attn_skip_clk),
    .rst_i,
    .valid_i(attn_hold_valid),
    .ready_o(attn_hold_ready),
    .data_i ({tag_i, data_i}),
    .valid_o(attn_skip_valid),
    .ready_i(attn_skip_ready),
    .data_o ({attn_skip_tag, attn_skip_data})
  );

  rms_norm #(
    .N   (D_MODEL),
    .NEPS(NORM_NEPS),
    .SQN (16'(NORM_SQN)),
    .SQE (NORM_SQE),
    .NAME("attn_norm")
  ) u_attn_norm (
    .clk_i  (attn_norm_clk),
    .rst_i,
    .id_i,
    .busy_o (attn_norm_busy),
    .valid_i(attn_in_valid),
    .ready_o(attn_in_ready),
    .tag_i,
    .data_i,
    .valid_o(attn_norm_valid),
    .ready_i(attn_norm_ready),
    .tag_o  (attn_norm_tag),
    .data_o (attn_norm_data)
  );

  projection #(
    .NAME("qkv")
  ) u_qkv (
    .clk_i      (qkv_clk),
    .rst_i,
    .id_i,
    .busy_o     (qkv_busy),
    .write_valid_i,
    .write_i    (write),
    .corrected_o(corrected[0]),
    .failed_o   (failed[0]),
    .valid_i    (attn_norm_valid),
    .ready_o    (attn_norm_ready),
    .tag_i      (attn_norm_tag),
    .data_i     (attn_norm_data),
    .valid_o    (qkv_valid),
    .ready_i    (qkv_ready),
    .tag_o      (qkv_tag),
    .data_o     (qkv_data)
  );

  rope #(
    .HEAD_DIM  (HEAD_DIM),
    .DEPTH     (KV_DEPTH),
    .TURN_BEATS(Q_BEATS + KV_BEATS),
    .BEATS     (QKV_BEATS)
  ) u_rope (
    .clk_i  (qkv_clk),
    .rst_i,
    .busy_o (rope_busy),
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
    .HEADS    (HEADS),
    .KV_HEADS (KV_HEADS),
    .HEAD_DIM (HEAD_DIM),
    .SLOTS    (SLOTS),
    .DEPTH    (KV_DEPTH),
    .POSITIONS(POSITIONS),
    .ACT_W    (ACT_W),
    .KV_W     (KV_W),
    .SCORE_C  (SCORE_C)
  ) u_attention (
    .clk_i      (attention_clk),
    .rst_i,
    .busy_o     (attention_busy),
    .layer_i    (id_i),
    .corrected_o(corrected[4]),
    .failed_o   (failed[4]),
    .valid_i    (rope_valid),
    .ready_o    (rope_ready),
    .tag_i      (rope_tag),
    .data_i     (rope_data),
    .valid_o    (attn_out_valid),
    .ready_i    (attn_out_ready),
    .tag_o      (attn_out_tag),
    .data_o     (attn_out_data)
  );

  projection #(
    .NAME("o")
  ) u_o (
    .clk_i      (o_proj_clk),
    .rst_i,
    .id_i,
    .busy_o     (o_proj_busy),
    .write_valid_i,
    .write_i    (write),
    .corrected_o(corrected[1]),
    .failed_o   (failed[1]),
    .valid_i    (attn_out_valid),
    .ready_o    (attn_out_ready),
    .tag_i      (attn_out_tag),
    .data_i     (attn_out_data),
    .valid_o    (o_proj_valid),
    .ready_i    (o_proj_ready),
    .tag_o      (o_proj_tag),
    .data_o     (o_proj_data)
  );

  residual u_attn_residual (
    .skip_valid_i(attn_skip_valid),
    .skip_ready_o(attn_skip_ready),
    .skip_tag_i  (attn_skip_tag),
    .skip_data_i (attn_skip_data),
    .valid_i     (o_proj_valid),
    .ready_o     (o_proj_ready),
    .tag_i       (o_proj_tag),
    .data_i      (o_proj_data),
    .valid_o     (attn_residual_valid),
    .ready_i     (attn_residual_ready),
    .tag_o       (attn_residual_tag),
    .data_o      (attn_residual_data),
    .parted_o    (parted[0])
  );

  // ---- feed-forward half
  stream_fork u_ffn_fork (
    .valid_i  (attn_residual_valid),
    .ready_o  (attn_residual_ready),
    .a_valid_o(ffn_hold_valid),
    .a_ready_i(ffn_hold_ready),
    .b_valid_o(ffn_in_valid),
    .b_ready_i(ffn_in_ready)
  );

  stream_fifo #(
    .DEPTH(BEATS),
    .WIDTH($bits(beat_t))
  ) u_ffn_skip (
    .clk_i  (ffn_skip_clk),
    .rst_i,
    .valid_i(ffn_hold_valid),
    .ready_o(ffn_hold_ready),
    .data_i ({attn_residual_tag, attn_residual_data}),
    .valid_o(ffn_skip_valid),
    .ready_i(ffn_skip_ready),
    .data_o ({ffn_skip_tag, ffn_skip_data})
  );

  rms_norm #(
    .N   (D_MODEL),
    .NEPS(NORM_NEPS),
    .SQN (16'(NORM_SQN)),
    .SQE (NORM_SQE),
    .NAME("ffn_norm")
  ) u_ffn_norm (
    .clk_i  (ffn_norm_clk),
    .rst_i,
    .id_i,
    .busy_o (ffn_norm_busy),
    .valid_i(ffn_in_valid),
    .ready_o(ffn_in_ready),
    .tag_i  (attn_residual_tag),
    .data_i (attn_residual_data),
    .valid_o(ffn_norm_valid),
    .ready_i(ffn_norm_ready),
    .tag_o  (ffn_norm_tag),
    .data_o (ffn_norm_data)
  );

  projection #(
    .NAME("gateup")
  ) u_gateup (
    .clk_i      (gateup_clk),
    .rst_i,
    .id_i,
    .busy_o     (gateup_busy),
    .write_valid_i,
    .write_i    (write),
    .corrected_o(corrected[2]),
    .failed_o   (failed[2]),
    .valid_i    (ffn_norm_valid),
    .ready_o    (ffn_norm_ready),
    .tag_i      (ffn_norm_tag),
    .data_i     (ffn_norm_data),
    .valid_o    (gateup_valid),
    .ready_i    (gateup_ready),
    .tag_o      (gateup_tag),
    .data_o     (gateup_data)
  );

  swiglu u_swiglu (
    .clk_i  (gateup_clk),
    .rst_i,
    .busy_o (swiglu_busy),
    .valid_i(gateup_valid),
    .ready_o(gateup_ready),
    .tag_i  (gateup_tag),
    .data_i (gateup_data),
    .valid_o(silu_mul_valid),
    .ready_i(silu_mul_ready),
    .tag_o  (silu_mul_tag),
    .data_o (silu_mul_data)
  );

  projection #(
    .NAME("down")
  ) u_down (
    .clk_i      (down_clk),
    .rst_i,
    .id_i,
    .busy_o     (down_busy),
    .write_valid_i,
    .write_i    (write),
    .corrected_o(corrected[3]),
    .failed_o   (failed[3]),
    .valid_i    (silu_mul_valid),
    .ready_o    (silu_mul_ready),
    .tag_i      (silu_mul_tag),
    .data_i     (silu_mul_data),
    .valid_o    (down_valid),
    .ready_i    (down_ready),
    .tag_o      (down_tag),
    .data_o     (down_data)
  );

  residual u_ffn_residual (
    .skip_valid_i(ffn_skip_valid),
    .skip_ready_o(ffn_skip_ready),
    .skip_tag_i  (ffn_skip_tag),
    .skip_data_i (ffn_skip_data),
    .valid_i     (down_valid),
    .ready_o     (down_ready),
    .tag_i       (down_tag),
    .data_i      (down_data),
    .valid_o     (ffn_residual_valid),
    .ready_i     (ffn_residual_ready),
    .tag_o       (ffn_residual_tag),
    .data_o      (ffn_residual_data),
    .parted_o    (parted[1])
  );

  assign valid_o            = ffn_residual_valid;
  assign ffn_residual_ready = ready_i;
  assign tag_o              = ffn_residual_tag;
  assign data_o             = ffn_residual_data;
  assign busy_o             = attn_skip_valid || ffn_skip_valid;

  // ---- signatures of the arrays' streams, by ARRAY_*
  logic [3:0][31:0] signatures;
  assign signature_o = signatures[sig_array_i];

  `define LAYER_SIGNATURE_(STREAM, ARRAY) \
  signature u_signature_``STREAM ( \
    .clk_i(STREAM``_clk), .rst_i, .fire_i(STREAM``_valid && STREAM``_ready), .data_i(STREAM``_data), \
    .sum_o(signatures[ARRAY]) \
  );
  `LAYER_SIGNATURE_(qkv, ARRAY_QKV)
  `LAYER_SIGNATURE_(o_proj, ARRAY_O)
  `LAYER_SIGNATURE_(gateup, ARRAY_GATEUP)
  `LAYER_SIGNATURE_(down, ARRAY_DOWN)
  `undef LAYER_SIGNATURE_

  // ---- trace: the beats FROM, FROM + STEP, ... (BEATS_N of them) of a stream's vectors of TOTAL_N beats are a stage,
  // on the clock CLOCK of who gives them
  `define LAYER_TAP_(STAGE_NAME, STAGE_ID, CLOCK, STREAM, TOTAL_N, BEATS_N, FROM_N, STEP_N) \
  stream_tap #(.STAGE(STAGE_ID), .TOTAL(TOTAL_N), .BEATS(BEATS_N), .FROM(FROM_N), .STEP(STEP_N)) u_tap_``STAGE_NAME ( \
    .clk_i(CLOCK), .rst_i, .layer_i(id_i), .fire_i(STREAM``_valid && STREAM``_ready), .tag_i(STREAM``_tag), \
    .data_i(STREAM``_data) \
  );
  `LAYER_TAP_(attn_norm, STAGE_ATTN_NORM, attn_norm_clk, attn_norm, BEATS, BEATS, 0, 1)
  `LAYER_TAP_(q, STAGE_Q, qkv_clk, qkv, QKV_BEATS, Q_BEATS, 0, 1)
  `LAYER_TAP_(k, STAGE_K, qkv_clk, qkv, QKV_BEATS, KV_BEATS, Q_BEATS, 1)
  `LAYER_TAP_(v, STAGE_V, qkv_clk, qkv, QKV_BEATS, KV_BEATS, Q_BEATS + KV_BEATS, 1)
  `LAYER_TAP_(q_rope, STAGE_Q_ROPE, qkv_clk, rope, QKV_BEATS, Q_BEATS, 0, 1)
  `LAYER_TAP_(k_rope, STAGE_K_ROPE, qkv_clk, rope, QKV_BEATS, KV_BEATS, Q_BEATS, 1)
  `LAYER_TAP_(attn_out, STAGE_ATTN_OUT, attention_clk, attn_out, Q_BEATS, Q_BEATS, 0, 1)
  `LAYER_TAP_(o_proj, STAGE_O_PROJ, o_proj_clk, o_proj, BEATS, BEATS, 0, 1)
  `LAYER_TAP_(attn_residual, STAGE_ATTN_RESIDUAL, o_proj_clk, attn_residual, BEATS, BEATS, 0, 1)
  `LAYER_TAP_(ffn_norm, STAGE_FFN_NORM, ffn_norm_clk, ffn_norm, BEATS, BEATS, 0, 1)
  `LAYER_TAP_(gate, STAGE_GATE, gateup_clk, gateup, 2 * FFN_BEATS, FFN_BEATS, 0, 2)
  `LAYER_TAP_(up, STAGE_UP, gateup_clk, gateup, 2 * FFN_BEATS, FFN_BEATS, 1, 2)
  `LAYER_TAP_(silu_mul, STAGE_SILU_MUL, gateup_clk, silu_mul, FFN_BEATS, FFN_BEATS, 0, 1)
  `LAYER_TAP_(down, STAGE_DOWN, down_clk, down, BEATS, BEATS, 0, 1)
  `LAYER_TAP_(ffn_residual, STAGE_FFN_RESIDUAL, down_clk, ffn_residual, BEATS, BEATS, 0, 1)
  `undef LAYER_TAP_
endmodule
