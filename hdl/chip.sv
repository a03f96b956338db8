// The whole chip: tokens in, tokens out, no memory port.
//
//   host -> sequencer -> embedding -> layer 0 -> ... -> layer LAYERS-1 -> final norm -> head -> argmax -> sequencer
//
// A layer without work has its clock gated. Tokens that want no answer leave after the last layer.
module chip (
  input  logic                                      clk_i,
  input  logic                                      rst_i,
  output logic                                      idle_o,      // no token anywhere on the die
  output logic             [shape_pkg::LAYERS-1:0]  layer_busy_o,
  output logic             [shape_pkg::LAYERS-1:0]  corrected_o,  // a word of the layer's SRAMs was
  output logic             [shape_pkg::LAYERS-1:0]  failed_o,     // or could not be
  input  logic       [4*cartridge_pkg::TOKEN_W-1:0] stop_ids_i,
  input  logic                                      tok_valid_i,
  output logic                                      tok_ready_o,
  input  logic                                [7:0] tok_slot_i,
  input  logic         [cartridge_pkg::TOKEN_W-1:0] tok_id_i,
  input  logic                                      tok_first_i,
  input  logic                                      tok_last_i,
  input  logic                               [15:0] tok_max_new_i,
  input  logic                                [3:0] tok_adapter_i,  // with the first token; 0: none
  input  cartridge_pkg::sample_t                    tok_sample_i,   // with the last
  input  logic               [shape_pkg::SLOTS-1:0] cut_i,          // the slot's answer ends with its next token
  input  logic                                      write_valid_i,  // 32 bits of an adapter for
  input  logic                                [7:0] write_layer_i,  // this layer
  input  cartridge_pkg::adapter_write_t             write_i,
  output logic                                      out_valid_o,
  input  logic                                      out_ready_i,
  output logic                                [7:0] out_slot_o,
  output logic                               [15:0] out_pos_o,
  output logic         [cartridge_pkg::TOKEN_W-1:0] out_id_o,
  output logic                                [1:0] out_end_o    // cartridge_pkg::end_e
);
  import cartridge_pkg::*;
  import shape_pkg::*;

  adapter_write_t write;  // Icarus 11 knows the type of a top's port only from a variable of it
  assign write = write_i;

  localparam int BEATS = D_MODEL / LANES;

  logic seq_valid, seq_ready, emb_valid, emb_ready, am_valid, am_ready, res_valid, res_ready;
  tag_t seq_tag, emb_tag, head_tag, am_tag, res_tag;
  sample_t sample;
  logic [TOKEN_W-1:0] seq_token, am_token, res_token;
  logic [BEAT_W-1:0] emb_data;
  end_e out_end;

  assign out_end_o = out_end;

  // The reset tree starts at a register, one clock late everywhere; until then no token may enter.
  logic rst_q, tok_ready;
  always_ff @(posedge clk_i) rst_q <= rst_i;
  assign tok_ready_o = tok_ready && !rst_q;

  sequencer #(
    .SLOTS(SLOTS),
    .DEPTH(KV_DEPTH)
  ) u_sequencer (
    .clk_i,
    .rst_i         (rst_q),
    .stop_ids_i,
    .host_valid_i  (tok_valid_i && !rst_q),
    .host_ready_o  (tok_ready),
    .host_slot_i   (tok_slot_i),
    .host_token_i  (tok_id_i),
    .host_first_i  (tok_first_i),
    .host_last_i   (tok_last_i),
    .host_max_new_i(tok_max_new_i),
    .host_adapter_i(tok_adapter_i),
    .host_sample_i (tok_sample_i),
    .cut_i,
    .out_valid_o,
    .out_ready_i,
    .out_slot_o,
    .out_pos_o,
    .out_token_o   (out_id_o),
    .out_end_o     (out_end),
    .valid_o       (seq_valid),
    .ready_i       (seq_ready),
    .tag_o         (seq_tag),
    .token_o       (seq_token),
    .sample_slot_i (head_tag.slot),
    .sample_o      (sample),
    .res_valid_i   (res_valid),
    .res_ready_o   (res_ready),
    .res_tag_i     (res_tag),
    .res_token_i   (res_token)
  );

  embedding #(
    .D_MODEL(D_MODEL),
    .VOCAB  (VOCAB),
    .SLICES (SLICES_EMBED),
    .W_BITS (CELL_BITS)
  ) u_embedding (
    .clk_i,
    .rst_i  (rst_q),
    .valid_i(seq_valid),
    .ready_o(seq_ready),
    .tag_i  (seq_tag),
    .token_i(seq_token),
    .valid_o(emb_valid),
    .ready_i(emb_ready),
    .tag_o  (emb_tag),
    .data_o (emb_data)
  );

  stream_tap #(
    .STAGE(STAGE_EMBEDDING),
    .TOTAL(BEATS)
  ) u_tap_embedding (
    .clk_i,
    .rst_i  (rst_q),
    .layer_i(cartridge_pkg::NO_LAYER),
    .fire_i (emb_valid && emb_ready),
    .tag_i  (emb_tag),
    .data_i (emb_data)
  );

  // ---- layers, each with its own gated clock. A two-beat FIFO registers the long way from the layer before;
  // gen_layer[l].valid .. data is what leaves layer l.
  logic              last_ready;
  logic [LAYERS-1:0] busy;

  for (genvar l = 0; l < LAYERS; l++) begin : gen_layer
    logic up_valid, up_ready, in_valid, in_ready, valid, ready, clk, working, writes;
    tag_t up_tag, in_tag, tag;
    logic [BEAT_W-1:0] up_data, in_data, data;

    if (l == 0) begin : gen_first
      assign up_valid  = emb_valid;
      assign up_tag    = emb_tag;
      assign up_data   = emb_data;
      assign emb_ready = up_ready;
    end else begin : gen_next
      assign up_valid             = gen_layer[l-1].valid;
      assign up_tag               = gen_layer[l-1].tag;
      assign up_data              = gen_layer[l-1].data;
      assign gen_layer[l-1].ready = up_ready;
    end
    if (l == LAYERS - 1) begin : gen_last
      assign ready = last_ready;
    end

    assign busy[l] = in_valid || working;
    assign writes  = write_valid_i && write_layer_i == 8'(l);

    // The reset tree ends at a register of the layer's own clock: nothing in an idle layer listens to the chip's.
    logic layer_rst_q;
    always_ff @(posedge clk) layer_rst_q <= rst_q;

    clk_gate u_gate (
      .clk_i,
      .en_i (rst_i || rst_q || layer_rst_q || up_valid || writes || busy[l]),
      .clk_o(clk)
    );

    stream_fifo #(
      .DEPTH(2),
      .WIDTH($bits(tag_t) + BEAT_W)
    ) u_wire (
      .clk_i  (clk),
      .rst_i  (layer_rst_q),
      .valid_i(up_valid),
      .ready_o(up_ready),
      .data_i ({up_tag, up_data}),
      .valid_o(in_valid),
      .ready_i(in_ready),
      .data_o ({in_tag, in_data})
    );

    layer u_layer (
      .clk_i  (clk),
      .rst_i  (layer_rst_q),
      .id_i   (8'(l)),
      .busy_o (working),
      .write_valid_i(writes),
      .write_i(write),
      .corrected_o  (corrected_o[l]),
      .failed_o     (failed_o[l]),
      .valid_i(in_valid),
      .ready_o(in_ready),
      .tag_i  (in_tag),
      .data_i (in_data),
      .valid_o(valid),
      .ready_i(ready),
      .tag_o  (tag),
      .data_o (data)
    );
  end

  // ---- final norm, head, choice of the token: only for tokens that want an answer
  logic last_valid, fn_in_ready, fn_valid, fn_ready, head_valid, head_ready, fn_busy, head_busy, sampling, head_clk;
  tag_t last_tag, fn_tag;
  logic [BEAT_W-1:0] last_data, fn_data, head_data;

  // The way to the head is registered too. Its clock is the head's, so a token that wants no answer wakes it for a
  // moment and ends here.
  stream_fifo #(
    .DEPTH(2),
    .WIDTH($bits(tag_t) + BEAT_W)
  ) u_last (
    .clk_i  (head_clk),
    .rst_i  (rst_q),
    .valid_i(gen_layer[LAYERS-1].valid),
    .ready_o(last_ready),
    .data_i ({gen_layer[LAYERS-1].tag, gen_layer[LAYERS-1].data}),
    .valid_o(last_valid),
    .ready_i(fn_in_ready || !last_tag.gen),
    .data_o ({last_tag, last_data})
  );

  clk_gate u_head_gate (
    .clk_i,
    .en_i (rst_i || rst_q || gen_layer[LAYERS-1].valid || last_valid || fn_busy || head_busy || res_valid || sampling),
    .clk_o(head_clk)
  );

  rms_norm #(
    .N   (D_MODEL),
    .NEPS(NORM_NEPS),
    .SQN (16'(NORM_SQN)),
    .SQE (NORM_SQE),
    .NAME("final_norm")
  ) u_final_norm (
    .clk_i  (head_clk),
    .rst_i  (rst_q),
    .id_i   (8'd0),
    .busy_o (fn_busy),
    .valid_i(last_valid && last_tag.gen),
    .ready_o(fn_in_ready),
    .tag_i  (last_tag),
    .data_i (last_data),
    .valid_o(fn_valid),
    .ready_i(fn_ready),
    .tag_o  (fn_tag),
    .data_o (fn_data)
  );

  stream_tap #(
    .STAGE(STAGE_FINAL_NORM),
    .TOTAL(BEATS)
  ) u_tap_final_norm (
    .clk_i  (head_clk),
    .rst_i  (rst_q),
    .layer_i(cartridge_pkg::NO_LAYER),
    .fire_i (fn_valid && fn_ready),
    .tag_i  (fn_tag),
    .data_i (fn_data)
  );

  matrix #(
    .VIEW     (VIEW),
    .K        (D_MODEL),
    .N        (VOCAB_PAD),
    .BLOCK    (BLOCK),
    .SLICES   (SLICES_HEAD),
    .W_BITS   (CELL_BITS),
    .ACT_W    (ACT_W),
    .BIT_LINES(BIT_LINES),
    .SHARE    (SHARE_HEAD),
    .TURN_CLKS(TURN_CLKS),
    .NAME     ("head")
  ) u_head (
    .clk_i  (head_clk),
    .rst_i  (rst_q),
    .id_i   (8'd0),
    .busy_o (head_busy),
    .write_valid_i(1'b0),
    .write_i      ('0),
    .corrected_o  (),
    .failed_o     (),
    .valid_i(fn_valid),
    .ready_o(fn_ready),
    .tag_i  (fn_tag),
    .data_i (fn_data),
    .valid_o(head_valid),
    .ready_i(head_ready),
    .tag_o  (head_tag),
    .data_o (head_data)
  );

  stream_tap #(
    .STAGE(STAGE_LOGITS),
    .TOTAL(VOCAB_PAD / LANES)
  ) u_tap_logits (
    .clk_i  (head_clk),
    .rst_i  (rst_q),
    .layer_i(cartridge_pkg::NO_LAYER),
    .fire_i (head_valid && head_ready),
    .tag_i  (head_tag),
    .data_i (head_data)
  );

  // Greedy slots go to the argmax, the others to the sampler; a token is in one of them.
  logic sampled, greedy_ready, sampler_ready, sampler_valid, sampler_held_q, use_sampler;
  tag_t sampler_tag;
  logic [TOKEN_W-1:0] sampler_token;

  assign sampled    = sample.top_k > 5'd1;
  assign head_ready = sampled ? sampler_ready : greedy_ready;

  argmax #(
    .VOCAB(VOCAB)
  ) u_argmax (
    .clk_i  (head_clk),
    .rst_i  (rst_q),
    .valid_i(head_valid && !sampled),
    .ready_o(greedy_ready),
    .tag_i  (head_tag),
    .data_i (head_data),
    .valid_o(am_valid),
    .ready_i(am_ready),
    .tag_o  (am_tag),
    .token_o(am_token)
  );

  sampler #(
    .VOCAB(VOCAB),
    .TOP_K(TOP_K)
  ) u_sampler (
    .clk_i   (head_clk),
    .rst_i   (rst_q),
    .busy_o  (sampling),
    .valid_i (head_valid && sampled),
    .ready_o (sampler_ready),
    .tag_i   (head_tag),
    .data_i  (head_data),
    .sample_i(sample),
    .valid_o (sampler_valid),
    .ready_i (res_ready && use_sampler),
    .tag_o   (sampler_tag),
    .token_o (sampler_token)
  );

  // An offer stays: what waited a clock ago is still what is offered.
  always_ff @(posedge head_clk) begin
    if (rst_q) sampler_held_q <= 1'b0;
    else sampler_held_q <= use_sampler && !res_ready;
  end
  assign use_sampler = sampler_held_q || (sampler_valid && !am_valid);
  assign am_ready    = res_ready && !use_sampler;
  assign res_valid   = am_valid || sampler_valid;
  assign res_tag     = use_sampler ? sampler_tag : am_tag;
  assign res_token   = use_sampler ? sampler_token : am_token;

  stage_tap u_tap_token (
    .clk_i  (head_clk),
    .fire_i (res_valid && res_ready),
    .stage_i(cartridge_pkg::STAGE_TOKEN),
    .layer_i(cartridge_pkg::NO_LAYER),
    .tag_i  (res_tag),
    .beat_i (16'd0),
    .data_i (BEAT_W'(res_token))
  );

  assign idle_o = !tok_valid_i && !seq_valid && !emb_valid && busy == '0 && !last_valid && !fn_busy && !head_busy &&
                  !sampling && !res_valid;
  assign layer_busy_o = busy;
endmodule
