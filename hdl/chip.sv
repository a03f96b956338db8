// SPDX-License-Identifier: Apache-2.0
// The whole chip: tokens in, tokens out, no memory port.
//
//   host -> sequencer -> embedding -> layer 0 -> ... -> layer LAYERS-1 -> head -> sequencer -> host
//
// A layer without work has its clock gated, and so have embedding and head. Tokens that want no answer end in the head. A slot that
// is cut ends its answer with the next token.
module chip (
  input  logic                                                                                  clk_i,
  input  logic                                                                                  rst_i,
  // No token is anywhere on the die.
  output logic                                                                                  idle_o,
  output logic                          [                                shape_pkg::LAYERS-1:0] layer_busy_o,
  // A layer's SRAMs have mended a word, or could not.
  output logic                          [                                shape_pkg::LAYERS-1:0] corrected_o,
  output logic                          [                                shape_pkg::LAYERS-1:0] failed_o,
  input  logic                          [cartridge_pkg::STOP_TOKENS*cartridge_pkg::TOKEN_W-1:0] stop_ids_i,
  input  logic                                                                                  tok_valid_i,
  output logic                                                                                  tok_ready_o,
  input  cartridge_pkg::prompt_t                                                                tok_prompt_i,
  input  logic                          [                                 shape_pkg::SLOTS-1:0] cut_i,
  input  logic                                                                                  write_valid_i,
  input  cartridge_pkg::layer_t                                                                 write_layer_i,
  input  cartridge_pkg::adapter_write_t                                                         write_i,
  output logic                                                                                  out_valid_o,
  input  logic                                                                                  out_ready_i,
  output cartridge_pkg::answer_t                                                                out_answer_o,
  // The signature of one stream: an array's of a layer, of NO_LAYER the embedding's or the logits'.
  input  cartridge_pkg::layer_t                                                                 sig_layer_i,
  input  logic                          [                                                  1:0] sig_array_i,
  output logic                          [                                                 31:0] signature_o
);
  import cartridge_pkg::*;
  import shape_pkg::*;

  // Icarus 11 knows the type of a top's port only from a variable of it.
  adapter_write_t write;
  prompt_t prompt;
  answer_t answer;
  assign write        = write_i;
  assign prompt       = tok_prompt_i;
  assign out_answer_o = answer;

  // The reset tree starts at a register, one clock late everywhere; until then no token may enter.
  logic rst_q, tok_ready;
  always_ff @(posedge clk_i) rst_q <= rst_i;
  assign tok_ready_o = tok_ready && !rst_q;

  logic seq_valid, seq_ready, res_valid, res_ready;
  tag_t seq_tag, res_tag;
  token_t seq_token, res_token;
  slot_t sample_slot;
  sample_t sample;

  sequencer #(
    .SLOTS(SLOTS),
    .DEPTH(KV_DEPTH)
  ) u_sequencer (
    .clk_i,
    .rst_i        (rst_q),
    .stop_ids_i,
    .host_valid_i (tok_valid_i && !rst_q),
    .host_ready_o (tok_ready),
    .host_prompt_i(prompt),
    .cut_i,
    .out_valid_o,
    .out_ready_i,
    .out_answer_o (answer),
    .valid_o      (seq_valid),
    .ready_i      (seq_ready),
    .tag_o        (seq_tag),
    .token_o      (seq_token),
    .sample_slot_i(sample_slot),
    .sample_o     (sample),
    .res_valid_i  (res_valid),
    .res_ready_o  (res_ready),
    .res_tag_i    (res_tag),
    .res_token_i  (res_token)
  );

  // ---- what goes into layer l, and with l == LAYERS into the head
  logic valid[LAYERS+1];
  logic ready[LAYERS+1];
  beat_t beat[LAYERS+1];

  beat_t embedded;
  logic embedding_clk, embedding_busy;
  assign beat[0] = embedded;

  clk_gate u_embedding_gate (
    .clk_i,
    .en_i     (rst_i || rst_q || seq_valid || embedding_busy),
    .test_en_i(1'b0),                                           // scan would enter here
    .clk_o    (embedding_clk)
  );

  embedding #(
    .D_MODEL(D_MODEL),
    .VOCAB  (VOCAB),
    .SLICES (SLICES_EMBED),
    .W_BITS (CELL_BITS),
    .SPAN   (EMBED_SPAN),
    .SUPER  (EMBED_SUPER)
  ) u_embedding (
    .clk_i  (embedding_clk),
    .rst_i  (rst_q),
    .valid_i(seq_valid),
    .ready_o(seq_ready),
    .tag_i  (seq_tag),
    .token_i(seq_token),
    .busy_o (embedding_busy),
    .valid_o(valid[0]),
    .ready_i(ready[0]),
    .tag_o  (embedded.tag),
    .data_o (embedded.data)
  );

  stream_tap #(
    .STAGE(STAGE_EMBEDDING),
    .TOTAL(D_MODEL / LANES)
  ) u_tap_embedding (
    .clk_i  (embedding_clk),
    .rst_i  (rst_q),
    .layer_i(cartridge_pkg::NO_LAYER),
    .fire_i (valid[0] && ready[0]),
    .tag_i  (embedded.tag),
    .data_i (embedded.data)
  );

  logic [31:0] embedding_signature, logits_signature;
  logic [LAYERS-1:0][31:0] layer_sig;

  signature u_signature (
    .clk_i (embedding_clk),
    .rst_i (rst_q),
    .fire_i(valid[0] && ready[0]),
    .data_i(embedded.data),
    .sum_o (embedding_signature)
  );

  function automatic logic [31:0] of_layer(input logic [LAYERS-1:0][31:0] each, input layer_t which);
    of_layer = '0;
    for (int unsigned l = 0; l < LAYERS; l++) if (32'(which) == l) of_layer = each[l];
  endfunction

  assign signature_o = sig_layer_i != NO_LAYER ? of_layer(
      layer_sig, sig_layer_i
  ) : sig_array_i == '0 ? embedding_signature : logits_signature;

  // ---- layers, each with its own gated clock; a two-beat FIFO registers the long way from the one before
  logic [LAYERS-1:0] busy;

  for (genvar l = 0; l < LAYERS; l++) begin : gen_layer
    logic in_valid, in_ready, out_valid, out_ready, clk, working, writes, writes_q;
    beat_t in, out;
    adapter_write_t write_q;

    assign valid[l+1] = out_valid;
    assign out_ready  = ready[l+1];
    assign beat[l+1]  = out;
    assign busy[l]    = in_valid || working;
    assign writes     = write_valid_i && write_layer_i == layer_t'(l);

    // The reset tree ends at a register of the layer's own clock: nothing in an idle layer listens to the chip's.
    logic layer_rst_q;
    always_ff @(posedge clk) layer_rst_q <= rst_q;

    // So do the adapters' words, which come to all layers: a clock later in the layer that takes one.
    always_ff @(posedge clk) begin
      if (layer_rst_q) writes_q <= 1'b0;
      else writes_q <= writes;
    end
    always_ff @(posedge clk) if (writes) write_q <= write;

    clk_gate u_gate (
      .clk_i,
      .en_i     (rst_i || rst_q || layer_rst_q || valid[l] || writes || writes_q || busy[l]),
      .test_en_i(1'b0),                                                                        // scan would enter here
      .clk_o    (clk)
    );

    stream_fifo #(
      .DEPTH(2),
      .WIDTH($bits(beat_t))
    ) u_wire (
      .clk_i  (clk),
      .rst_i  (layer_rst_q),
      .valid_i(valid[l]),
      .ready_o(ready[l]),
      .data_i (beat[l]),
      .valid_o(in_valid),
      .ready_i(in_ready),
      .data_o (in)
    );

    layer u_layer (
      .clk_i        (clk),
      .rst_i        (layer_rst_q),
      .id_i         (layer_t'(l)),
      .busy_o       (working),
      .write_valid_i(writes_q),
      .write_i      (write_q),
      .corrected_o  (corrected_o[l]),
      .failed_o     (failed_o[l]),
      .sig_array_i,
      .signature_o  (layer_sig[l]),
      .valid_i      (in_valid),
      .ready_o      (in_ready),
      .tag_i        (in.tag),
      .data_i       (in.data),
      .valid_o      (out_valid),
      .ready_i      (out_ready),
      .tag_o        (out.tag),
      .data_o       (out.data)
    );
  end

  // ---- the head; the way to it is registered too, on its clock, so a token that wants no answer wakes it for a moment
  logic head_valid, head_ready, head_working, head_busy, head_clk;
  beat_t last;
  assign head_busy = head_valid || head_working;

  clk_gate u_head_gate (
    .clk_i,
    .en_i     (rst_i || rst_q || valid[LAYERS] || head_busy),
    .test_en_i(1'b0),                                          // scan would enter here
    .clk_o    (head_clk)
  );

  stream_fifo #(
    .DEPTH(2),
    .WIDTH($bits(beat_t))
  ) u_last (
    .clk_i  (head_clk),
    .rst_i  (rst_q),
    .valid_i(valid[LAYERS]),
    .ready_o(ready[LAYERS]),
    .data_i (beat[LAYERS]),
    .valid_o(head_valid),
    .ready_i(head_ready),
    .data_o (last)
  );

  head u_head (
    .clk_i        (head_clk),
    .rst_i        (rst_q),
    .busy_o       (head_working),
    .valid_i      (head_valid),
    .ready_o      (head_ready),
    .beat_i       (last),
    .sample_slot_o(sample_slot),
    .sample_i     (sample),
    .valid_o      (res_valid),
    .ready_i      (res_ready),
    .tag_o        (res_tag),
    .token_o      (res_token),
    .signature_o  (logits_signature)
  );

  assign idle_o       = !tok_valid_i && !seq_valid && !embedding_busy && busy == '0 && !head_busy;
  assign layer_busy_o = busy;
endmodule
