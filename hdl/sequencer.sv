// SPDX-License-Identifier: Apache-2.0
// Keeps every slot's place: gives each token its position, feeds answers back as the next input, and ends a generation
// at a stop token, at the asked number of tokens, or at the end of the KV cache.
//
// Prompt tokens come one a beat; `first` says at which position and with which adapter, `last` asks for an answer
// of at most max_new tokens, sampled as it says. Prompt tokens without room are swallowed; the last of them reports
// EndContext. An answer that is cut ends with its next token. Every slot that comes from the host is below SLOTS.
//
// Tags are born here, whole. One that comes back from the head broken could be anybody's: its token is dropped and told.
//
// A slot has at most one token that wants an answer, so answers always find room on their way back and the head never
// waits for the layers: the ring cannot lock. Answers and prompts take turns at the first layer; at the host, answers
// go before refusals.
`include "require.svh"
module sequencer #(
  parameter int SLOTS = 2,
  parameter int DEPTH = 32
) (
  input  logic                                                                           clk_i,
  input  logic                                                                           rst_i,
  // A host with fewer stop tokens repeats one.
  input  logic                   [cartridge_pkg::STOP_TOKENS*cartridge_pkg::TOKEN_W-1:0] stop_ids_i,
  // Prompt tokens come from the host.
  input  logic                                                                           host_valid_i,
  output logic                                                                           host_ready_o,
  input  cartridge_pkg::prompt_t                                                         host_prompt_i,
  input  logic                   [                                            SLOTS-1:0] cut_i,
  // Answers go to the host.
  output logic                                                                           out_valid_o,
  input  logic                                                                           out_ready_i,
  output cartridge_pkg::answer_t                                                         out_answer_o,
  // Tokens go into the layers.
  output logic                                                                           valid_o,
  input  logic                                                                           ready_i,
  output cartridge_pkg::tag_t                                                            tag_o,
  output cartridge_pkg::token_t                                                          token_o,
  // The head asks how the slot of its logits chooses.
  input  cartridge_pkg::slot_t                                                           sample_slot_i,
  output cartridge_pkg::sample_t                                                         sample_o,
  // Chosen tokens come from the head.
  input  logic                                                                           res_valid_i,
  output logic                                                                           res_ready_o,
  input  cartridge_pkg::tag_t                                                            res_tag_i,
  input  cartridge_pkg::token_t                                                          res_token_i,
  output logic                                                                           parted_o
);
  import cartridge_pkg::*;

  `REQUIRE(slots_fit_slot_t, SLOTS >= 1 && SLOTS <= 1 << $bits(slot_t))
  `REQUIRE(depth_fits_pos_t, DEPTH >= 1 && DEPTH < 1 << $bits(pos_t))

  localparam int SLOT_W = (SLOTS > 1) ? $clog2(SLOTS) : 1;
  localparam int COUNT_W = $clog2(DEPTH + 1);  // of a number of positions

  logic [COUNT_W-1:0] pos_q[SLOTS];  // the slot's next position; DEPTH: full
  pos_t left_q[SLOTS];  // answer tokens still wanted
  adapter_t adapter_q[SLOTS];
  sample_t sample_q[SLOTS];

  prompt_t host;  // Icarus 11 knows the type of a top's port only from a variable of it
  assign host = host_prompt_i;

  logic [SLOT_W-1:0] host_slot, res_slot;
  assign host_slot = SLOT_W'(host.slot);
  assign res_slot  = SLOT_W'(res_tag_i.slot);
  assign sample_o  = sample_q[SLOT_W'(sample_slot_i)];

  // ---- prompts and answers into the layers, in turn
  logic [COUNT_W-1:0] host_pos, res_next;
  logic host_room, host_wants, host_sent, host_refuse, host_fire, fb_valid, fb_sent, fb_ready;
  tag_t host_tag, fb_tag;
  token_t fb_token;

  assign host_pos    = host.first ? COUNT_W'(host.pos) : pos_q[host_slot];
  assign host_room   = host_pos < COUNT_W'(DEPTH);
  assign host_wants  = host_valid_i && host_room;
  assign host_refuse = host_valid_i && !host_room && host.last;

  assign host_tag = whole_tag(host.first ? host.adapter : adapter_q[host_slot], host.last, host.slot, pos_t'(host_pos));

  stream_arb #(
    .WIDTH($bits(tag_t) + TOKEN_W),
    .TURNS(1'b1)
  ) u_into (
    .clk_i,
    .rst_i,
    .a_valid_i(fb_valid),
    .a_ready_o(fb_sent),
    .a_data_i ({fb_tag, fb_token}),
    .b_valid_i(host_wants),
    .b_ready_o(host_sent),
    .b_data_i ({host_tag, host.token}),
    .valid_o,
    .ready_i,
    .data_o   ({tag_o, token_o}),
    .from_a_o ()
  );

  // ---- answers and refusals to the host
  answer_t answer, refusal;
  logic stop, refused, res_broken, res_taken, res_offered, res_offered_q, goes_on;
  end_e reason, reason_q;

  assign res_next   = COUNT_W'(res_tag_i.pos) + COUNT_W'(1);
  assign res_broken = ^res_tag_i;
  assign parted_o   = res_valid_i && res_broken;

  always_comb begin
    stop = 1'b0;
    for (int unsigned i = 0; i < STOP_TOKENS; i++) if (res_token_i == stop_ids_i[i*TOKEN_W+:TOKEN_W]) stop = 1'b1;
  end
  always_comb begin
    reason = EndNone;
    if (res_offered_q) reason = reason_q;  // a cut does not change what is offered already
    else if (stop) reason = EndStop;
    else if (left_q[res_slot] <= 16'd1) reason = EndLimit;
    else if (res_next == COUNT_W'(DEPTH)) reason = EndContext;
  end

  assign answer.slot   = res_tag_i.slot;
  assign answer.pos    = pos_t'(res_next);
  assign answer.token  = res_token_i;
  assign answer.reason = reason;

  assign refusal.slot   = host.slot;
  assign refusal.pos    = pos_t'(host_pos);
  assign refusal.token  = host.token;
  assign refusal.reason = EndContext;

  stream_arb #(
    .WIDTH($bits(answer_t))
  ) u_out (
    .clk_i,
    .rst_i,
    .a_valid_i(res_valid_i && fb_ready && !res_broken),
    .a_ready_o(res_taken),
    .a_data_i (answer),
    .b_valid_i(host_refuse),
    .b_ready_o(refused),
    .b_data_i (refusal),
    .valid_o  (out_valid_o),
    .ready_i  (out_ready_i),
    .data_o   (out_answer_o),
    .from_a_o (res_offered)
  );

  assign host_ready_o = host_room ? host_sent : !host.last || refused;
  assign host_fire    = host_valid_i && host_ready_o;
  assign res_ready_o  = res_taken || res_broken;
  assign goes_on      = res_valid_i && res_taken && reason == EndNone;

  // ---- answers on their way back into the layers
  tag_t back_tag;
  assign back_tag = whole_tag(res_tag_i.adapter, 1'b1, res_tag_i.slot, pos_t'(res_next));

  stream_fifo #(
    .DEPTH(SLOTS),
    .WIDTH($bits(tag_t) + TOKEN_W)
  ) u_back (
    .clk_i,
    .rst_i,
    .valid_i(goes_on),
    .ready_o(fb_ready),
    .data_i ({back_tag, res_token_i}),
    .valid_o(fb_valid),
    .ready_i(fb_sent),
    .data_o ({fb_tag, fb_token})
  );

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      res_offered_q <= 1'b0;
      reason_q      <= EndNone;
      for (int unsigned s = 0; s < SLOTS; s++) begin
        pos_q[s]     <= '0;
        left_q[s]    <= '0;
        adapter_q[s] <= '0;
        sample_q[s]  <= '0;
      end
    end else begin
      res_offered_q <= res_offered && !out_ready_i;
      reason_q      <= reason;
      if (host_fire && host_room) begin
        pos_q[host_slot]     <= host_pos + COUNT_W'(1);
        adapter_q[host_slot] <= host_tag.adapter;
        if (host.last) begin
          left_q[host_slot]   <= host.max_new;
          sample_q[host_slot] <= host.sample;
        end
      end
      if (goes_on) begin
        pos_q[res_slot]  <= res_next + COUNT_W'(1);
        left_q[res_slot] <= left_q[res_slot] - 16'd1;
      end
      for (int unsigned s = 0; s < SLOTS; s++) if (cut_i[s]) left_q[s] <= 16'd1;
    end
  end
endmodule
