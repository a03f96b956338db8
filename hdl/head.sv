// SPDX-License-Identifier: Apache-2.0
// What a chip does with the vector that leaves its last layer: final norm, head array, choice of the token.
//
//   x -> final_norm -> head -> argmax, or sampler -> token
//
// Tokens that want no answer end here. A slot chooses greedily or by sampling; how, the head asks for the slot of the
// logits that it has.
module head (
  input  logic                   clk_i,
  input  logic                   rst_i,
  output logic                   busy_o,
  input  logic                   valid_i,
  output logic                   ready_o,
  input  cartridge_pkg::beat_t   beat_i,
  output cartridge_pkg::slot_t   sample_slot_o,
  input  cartridge_pkg::sample_t sample_i,
  output logic                   valid_o,
  input  logic                   ready_i,
  output cartridge_pkg::tag_t    tag_o,
  output cartridge_pkg::token_t  token_o,
  output logic            [31:0] signature_o  // of the logits
);
  import cartridge_pkg::*;
  import shape_pkg::*;

  localparam int BEATS = D_MODEL / LANES;

  beat_t normed, logits;
  logic
      norm_in_ready,
      norm_valid,
      norm_ready,
      norm_busy,
      logits_valid,
      logits_ready,
      logits_busy,
      argmax_busy,
      sampler_busy;

  assign ready_o = norm_in_ready || !beat_i.tag.gen;
  assign busy_o  = norm_busy || logits_busy || argmax_busy || sampler_busy || valid_o;

  rms_norm #(
    .N   (D_MODEL),
    .NEPS(NORM_NEPS),
    .SQN (16'(NORM_SQN)),
    .SQE (NORM_SQE),
    .NAME("final_norm")
  ) u_final_norm (
    .clk_i,
    .rst_i,
    .id_i   (8'd0),
    .busy_o (norm_busy),
    .valid_i(valid_i && beat_i.tag.gen),
    .ready_o(norm_in_ready),
    .tag_i  (beat_i.tag),
    .data_i (beat_i.data),
    .valid_o(norm_valid),
    .ready_i(norm_ready),
    .tag_o  (normed.tag),
    .data_o (normed.data)
  );

  stream_tap #(
    .STAGE(STAGE_FINAL_NORM),
    .TOTAL(BEATS)
  ) u_tap_final_norm (
    .clk_i,
    .rst_i,
    .layer_i(cartridge_pkg::NO_LAYER),
    .fire_i (norm_valid && norm_ready),
    .tag_i  (normed.tag),
    .data_i (normed.data)
  );

  projection #(
    .NAME("head")
  ) u_logits (
    .clk_i,
    .rst_i,
    .id_i         (8'd0),
    .busy_o       (logits_busy),
    .write_valid_i(1'b0),
    .write_i      ('0),
    .corrected_o  (),
    .failed_o     (),
    .valid_i      (norm_valid),
    .ready_o      (norm_ready),
    .tag_i        (normed.tag),
    .data_i       (normed.data),
    .valid_o      (logits_valid),
    .ready_i      (logits_ready),
    .tag_o        (logits.tag),
    .data_o       (logits.data)
  );

  stream_tap #(
    .STAGE(STAGE_LOGITS),
    .TOTAL(VOCAB_PAD / LANES)
  ) u_tap_logits (
    .clk_i,
    .rst_i,
    .layer_i(cartridge_pkg::NO_LAYER),
    .fire_i (logits_valid && logits_ready),
    .tag_i  (logits.tag),
    .data_i (logits.data)
  );

  signature u_signature (
    .clk_i,
    .rst_i,
    .fire_i(logits_valid && logits_ready),
    .data_i(logits.data),
    .sum_o (signature_o)
  );

  // ---- greedy slots go to the argmax, the others to the sampler; a token is in one of them
  logic sampled, argmax_in_ready, argmax_valid, argmax_ready, sampler_in_ready, sampler_valid, sampler_ready;
  tag_t argmax_tag, sampler_tag;
  token_t argmax_token, sampler_token;

  assign sample_slot_o = logits.tag.slot;
  assign sampled       = sample_i.top_k > 5'd1;
  assign logits_ready  = sampled ? sampler_in_ready : argmax_in_ready;

  argmax #(
    .VOCAB(VOCAB)
  ) u_argmax (
    .clk_i,
    .rst_i,
    .busy_o (argmax_busy),
    .valid_i(logits_valid && !sampled),
    .ready_o(argmax_in_ready),
    .tag_i  (logits.tag),
    .data_i (logits.data),
    .valid_o(argmax_valid),
    .ready_i(argmax_ready),
    .tag_o  (argmax_tag),
    .token_o(argmax_token)
  );

  sampler #(
    .VOCAB(VOCAB),
    .TOP_K(TOP_K)
  ) u_sampler (
    .clk_i,
    .rst_i,
    .busy_o (sampler_busy),
    .valid_i(logits_valid && sampled),
    .ready_o(sampler_in_ready),
    .tag_i  (logits.tag),
    .data_i (logits.data),
    .sample_i,
    .valid_o(sampler_valid),
    .ready_i(sampler_ready),
    .tag_o  (sampler_tag),
    .token_o(sampler_token)
  );

  stream_arb #(
    .WIDTH($bits(tag_t) + TOKEN_W)
  ) u_choice (
    .clk_i,
    .rst_i,
    .a_valid_i(argmax_valid),
    .a_ready_o(argmax_ready),
    .a_data_i ({argmax_tag, argmax_token}),
    .b_valid_i(sampler_valid),
    .b_ready_o(sampler_ready),
    .b_data_i ({sampler_tag, sampler_token}),
    .valid_o,
    .ready_i,
    .data_o   ({tag_o, token_o}),
    .from_a_o ()
  );

  stage_tap u_tap_token (
    .clk_i,
    .fire_i (valid_o && ready_i),
    .stage_i(cartridge_pkg::STAGE_TOKEN),
    .layer_i(cartridge_pkg::NO_LAYER),
    .tag_i  (tag_o),
    .beat_i (16'd0),
    .data_i (BEAT_W'(token_o))
  );
endmodule
