// Keeps every slot's place: gives each token its position, feeds answers back as the next input, and ends a generation
// at a stop token, at the asked number of tokens, or at the end of the KV cache.
//
// Prompt tokens come one a beat; `first` opens a conversation at position 0 with its adapter, `last` asks for an answer
// of at most max_new tokens, sampled as it says. Prompt tokens without room are swallowed; the last of them reports
// EndContext. An answer that is cut ends with its next token.
//
// A slot has at most one token that wants an answer, so answers always find room on their way back and the head never
// waits for the layers: the ring cannot lock. Answers and prompts take turns at the first layer.
module sequencer #(
  parameter int SLOTS = 2,
  parameter int DEPTH = 32
) (
  input  logic                                      clk_i,
  input  logic                                      rst_i,
  input  logic       [4*cartridge_pkg::TOKEN_W-1:0] stop_ids_i,  // four stop tokens; repeat one to fill
  // prompt tokens from the host
  input  logic                                      host_valid_i,
  output logic                                      host_ready_o,
  input  logic                                [7:0] host_slot_i,
  input  logic         [cartridge_pkg::TOKEN_W-1:0] host_token_i,
  input  logic                                      host_first_i,
  input  logic                                      host_last_i,
  input  logic                               [15:0] host_max_new_i,
  input  logic                                [3:0] host_adapter_i,
  input  cartridge_pkg::sample_t                    host_sample_i,
  input  logic                          [SLOTS-1:0] cut_i,
  // answers to the host
  output logic                                      out_valid_o,
  input  logic                                      out_ready_i,
  output logic                                [7:0] out_slot_o,
  output logic                               [15:0] out_pos_o,
  output logic         [cartridge_pkg::TOKEN_W-1:0] out_token_o,
  output cartridge_pkg::end_e                       out_end_o,
  // into the layers
  output logic                                      valid_o,
  input  logic                                      ready_i,
  output cartridge_pkg::tag_t                       tag_o,
  output logic         [cartridge_pkg::TOKEN_W-1:0] token_o,
  // to the sampler: how the slot of these logits chooses
  input  logic                                [7:0] sample_slot_i,
  output cartridge_pkg::sample_t                    sample_o,
  // from argmax or sampler
  input  logic                                      res_valid_i,
  output logic                                      res_ready_o,
  input  cartridge_pkg::tag_t                       res_tag_i,
  input  logic         [cartridge_pkg::TOKEN_W-1:0] res_token_i
);
  import cartridge_pkg::*;

  logic [16:0] pos_q[SLOTS];  // the slot's next position; DEPTH: full
  logic [15:0] left_q[SLOTS];  // answer tokens still wanted
  logic [3:0]  adapter_q[SLOTS];
  sample_t     sample_q[SLOTS];

  // Answers on their way back into the layers.
  logic               fb_valid, fb_ready;
  tag_t               fb_tag;
  logic [TOKEN_W-1:0] fb_token;

  logic [16:0] host_pos, res_next;
  logic [3:0]  host_adapter;
  logic        host_room, host_wants, host_fire, host_refuse, res_fire, goes_on, stop;
  logic        use_fb, use_res;
  logic        hold_q, fb_held_q, refuse_hold_q, res_hold_q;  // an offer that was not accepted yet must stay
  end_e        end_q;
  logic        host_turn_q;

  assign host_pos  = host_first_i ? '0 : pos_q[host_slot_i];
  assign host_room = host_pos < 17'(DEPTH);
  assign res_next  = 17'(res_tag_i.pos) + 17'd1;

  assign host_adapter = host_first_i ? host_adapter_i : adapter_q[host_slot_i];
  assign sample_o     = sample_q[sample_slot_i];

  // Into the layers.
  assign host_wants   = host_valid_i && host_room;
  assign use_fb       = hold_q ? fb_held_q : fb_valid && !(host_turn_q && host_wants);
  assign valid_o      = use_fb || host_wants;
  assign tag_o        = use_fb ? fb_tag : {host_adapter, host_last_i, host_slot_i, host_pos[15:0]};
  assign token_o      = use_fb ? fb_token : host_token_i;
  assign host_refuse  = host_valid_i && !host_room;
  assign host_ready_o = host_room ? (ready_i && !use_fb) : (!host_last_i || (out_ready_i && !use_res));
  assign host_fire    = host_valid_i && host_ready_o;

  // To the host: answers before refusals.
  always_comb begin
    stop = 1'b0;
    for (int unsigned i = 0; i < 4; i++) if (res_token_i == stop_ids_i[i*TOKEN_W+:TOKEN_W]) stop = 1'b1;
  end
  assign use_res     = res_valid_i && fb_ready && !refuse_hold_q;
  assign res_ready_o = out_ready_i && use_res;
  assign res_fire    = use_res && out_ready_i;
  assign out_valid_o = use_res || (host_refuse && host_last_i);
  assign out_slot_o  = use_res ? res_tag_i.slot : host_slot_i;
  assign out_pos_o   = use_res ? res_next[15:0] : host_pos[15:0];
  assign out_token_o = use_res ? res_token_i : host_token_i;
  always_comb begin
    out_end_o = EndNone;
    if (!use_res) out_end_o = EndContext;
    else if (res_hold_q) out_end_o = end_q;
    else if (stop) out_end_o = EndStop;
    else if (left_q[res_tag_i.slot] <= 16'd1) out_end_o = EndLimit;
    else if (res_next == 17'(DEPTH)) out_end_o = EndContext;
  end

  assign goes_on = res_fire && out_end_o == EndNone;

  stream_fifo #(
    .DEPTH(SLOTS),
    .WIDTH($bits(tag_t) + TOKEN_W)
  ) u_back (
    .clk_i,
    .rst_i,
    .valid_i(goes_on),
    .ready_o(fb_ready),
    .data_i ({res_tag_i.adapter, 1'b1, res_tag_i.slot, res_next[15:0], res_token_i}),
    .valid_o(fb_valid),
    .ready_i(use_fb && ready_i),
    .data_o ({fb_tag, fb_token})
  );

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      hold_q        <= 1'b0;
      fb_held_q     <= 1'b0;
      refuse_hold_q <= 1'b0;
      res_hold_q    <= 1'b0;
      end_q         <= EndNone;
      host_turn_q   <= 1'b0;
      for (int unsigned s = 0; s < SLOTS; s++) begin
        pos_q[s]     <= '0;
        left_q[s]    <= '0;
        adapter_q[s] <= '0;
        sample_q[s]  <= '0;
      end
    end else begin
      hold_q        <= valid_o && !ready_i;
      fb_held_q     <= use_fb;
      refuse_hold_q <= out_valid_o && !use_res && !out_ready_i;
      res_hold_q    <= use_res && !out_ready_i;
      end_q         <= out_end_o;
      if (valid_o && ready_i) host_turn_q <= use_fb;
      if (host_fire && host_room) begin
        pos_q[host_slot_i]     <= host_pos + 17'd1;
        adapter_q[host_slot_i] <= host_adapter;
        if (host_last_i) begin
          left_q[host_slot_i]   <= host_max_new_i;
          sample_q[host_slot_i] <= host_sample_i;
        end
      end
      if (goes_on) begin
        pos_q[res_tag_i.slot]  <= res_next + 17'd1;
        left_q[res_tag_i.slot] <= left_q[res_tag_i.slot] - 16'd1;
      end
      for (int unsigned s = 0; s < SLOTS; s++) if (cut_i[s]) left_q[s] <= 16'd1;
    end
  end
endmodule
