// SPDX-License-Identifier: Apache-2.0
// The sequencer between any host, any layers and any argmax that keep the streams' manners: a slot has one generation at
// a time, and answers come for the tokens that want one.
//
// One slot, any, is watched: where its tokens go, in what order and at which position, and that each answer is either
// the last or fed back, once, whatever is cut. Tags that go into the layers are whole; answers under broken ones, of
// whatever slot and at any time, are told, and change nothing.
module sequencer_proof #(
  parameter int SLOTS = 2,
  parameter int DEPTH = 3
) (
  input logic                                                                     clk_i,
  input logic                                                                     rst_i,
  input logic                                                                     host_valid_i,
  input logic [$bits(cartridge_pkg::prompt_t)-$bits(cartridge_pkg::sample_t)-1:0] host_i,        // all but the sample
  input logic                                                                     out_ready_i,
  input logic                                                                     ready_i,
  input logic                                                                     res_valid_i,
  input logic [           $bits(cartridge_pkg::tag_t)+cartridge_pkg::TOKEN_W-1:0] res_i,
  input logic [                                                        SLOTS-1:0] cut_i
);
  import cartridge_pkg::*;

  // What comes in stays until it is taken; the stop token is any, and never changes.
  logic host_held_q, res_held_q, host_valid, host_ready, res_valid, res_ready;
  logic [$bits(prompt_t)-$bits(sample_t)-1:0] host_q, host;
  logic [$bits(tag_t)+TOKEN_W-1:0] res_q, res;
  token_t stop_q, res_token;
  prompt_t prompt;
  tag_t res_tag;
  assign host_valid           = host_valid_i || host_held_q;
  assign res_valid            = res_valid_i || res_held_q;
  assign host                 = host_held_q ? host_q : host_i;
  assign res                  = res_held_q ? res_q : res_i;
  assign prompt               = {host, sample_t'('0)};
  assign {res_tag, res_token} = res;
  always_ff @(posedge clk_i) begin
    host_held_q <= host_valid && !host_ready && !rst_i;
    res_held_q  <= res_valid && !res_ready && !rst_i;
    host_q      <= host;
    res_q       <= res;
    stop_q      <= stop_q;
  end

  logic out_valid, valid, parted;
  answer_t answer;
  token_t token;
  tag_t tag;

  sequencer #(
    .SLOTS(SLOTS),
    .DEPTH(DEPTH)
  ) u_sequencer (
    .clk_i,
    .rst_i,
    .stop_ids_i   ({STOP_TOKENS{stop_q}}),
    .host_valid_i (host_valid),
    .host_ready_o (host_ready),
    .host_prompt_i(prompt),
    .cut_i,
    .sample_slot_i('0),
    .sample_o     (),
    .out_valid_o  (out_valid),
    .out_ready_i,
    .out_answer_o (answer),
    .valid_o      (valid),
    .ready_i,
    .tag_o        (tag),
    .token_o      (token),
    .res_valid_i  (res_valid),
    .res_ready_o  (res_ready),
    .res_tag_i    (res_tag),
    .res_token_i  (res_token),
    .parted_o     (parted)
  );

  logic host_fire, out_fire, fire, res_broken, res_whole, res_fire;
  assign host_fire  = host_valid && host_ready;
  assign out_fire   = out_valid && out_ready_i;
  assign fire       = valid && ready_i;
  assign res_broken = ^res_tag;
  assign res_whole  = res_valid && !res_broken;
  assign res_fire   = res_whole && res_ready;

  logic taken, refused;  // a token of the host: into the layers, or back as one without room
  assign taken   = host_fire && u_sequencer.host_room;
  assign refused = host_fire && !u_sequencer.host_room && prompt.last;

  logic init_q = 1'b1;
  always_ff @(posedge clk_i) init_q <= 1'b0;

  // ---- offers, and that they stay
  logic out_held_q, held_q;
  answer_t out_q;
  logic [$bits(tag_t)+TOKEN_W-1:0] into_q, into;
  assign into = {tag, token};
  always_ff @(posedge clk_i) begin
    out_held_q <= out_valid && !out_ready_i && !rst_i;
    held_q     <= valid && !ready_i && !rst_i;
    out_q      <= answer;
    into_q     <= into;
  end

  // ---- what is in the layers: a token a slot at most that wants an answer
  logic [SLOTS-1:0] wanted_q, busy_q;  // wanted: in the layers; busy: or in the sequencer on its way back
  logic [16:0] sent_q[SLOTS];  // its position
  logic [16:0] next_q[SLOTS];  // the slot's next position
  logic [3:0] adapter_q[SLOTS];  // of its conversation
  always_ff @(posedge clk_i) begin
    for (int s = 0; s < SLOTS; s++) begin
      if (rst_i) begin
        wanted_q[s] <= 1'b0;
        busy_q[s] <= 1'b0;
        next_q[s] <= '0;
        adapter_q[s] <= '0;
      end else begin
        if (res_fire && res_tag.slot == 8'(s)) begin
          wanted_q[s] <= 1'b0;
          busy_q[s]   <= answer.reason == EndNone;
          if (answer.reason == EndNone) next_q[s] <= 17'(res_tag.pos) + 17'd2;
        end
        if (fire && tag.gen && tag.slot == 8'(s)) begin
          wanted_q[s] <= 1'b1;
          busy_q[s]   <= 1'b1;
          sent_q[s]   <= 17'(tag.pos);
        end
        if (taken && prompt.slot == 8'(s)) begin
          next_q[s]    <= 17'(tag.pos) + 17'd1;
          adapter_q[s] <= tag.adapter;
        end
      end
    end
  end

  // ---- slots whose answer is cut, until the next one is asked for
  logic [SLOTS-1:0] cut_q;
  always_ff @(posedge clk_i) begin
    for (int s = 0; s < SLOTS; s++) begin
      if (rst_i) cut_q[s] <= 1'b0;
      else if (cut_i[s]) cut_q[s] <= 1'b1;
      else if (taken && prompt.last && prompt.slot == 8'(s)) cut_q[s] <= 1'b0;
    end
  end

  // ---- clocks that an offer has waited with its sinks ready
  logic [1:0] host_wait_q, res_wait_q, back_wait_q;
  logic use_back;
  assign use_back = u_sequencer.u_into.from_a;
  always_ff @(posedge clk_i) begin
    host_wait_q <= (rst_i || !host_valid || host_ready || !ready_i || !out_ready_i) ? '0 : host_wait_q + 2'd1;
    res_wait_q  <= (rst_i || !res_valid || res_ready || !out_ready_i) ? '0 : res_wait_q + 2'd1;
    back_wait_q <= (rst_i || !u_sequencer.fb_valid || use_back || !ready_i) ? '0 : back_wait_q + 2'd1;
  end

  always_comb begin
    if (init_q) assume (rst_i);
    if (!init_q) begin
      if (host_valid) begin
        assume (32'(prompt.slot) < SLOTS && !busy_q[prompt.slot] && (!prompt.first || 32'(prompt.pos) <= DEPTH));
      end
      if (res_whole) begin
        assume (32'(res_tag.slot) < SLOTS && wanted_q[res_tag.slot] && 17'(res_tag.pos) == sent_q[res_tag.slot]);
      end

      // what is broken is told and dropped
      broken_told : assert (parted == (res_valid && res_broken));
      if (parted) broken_dropped : assert (res_ready && !u_sequencer.goes_on);
      if (valid) whole : assert (^tag == 1'b0);

      // offers stay as they are until they are accepted
      if (held_q) into_stable : assert (valid && into == into_q);
      if (out_held_q) out_stable : assert (out_valid && answer == out_q);

      // one owner of each output, and every acceptance is somebody's
      into_owner : assert (fire ? u_sequencer.u_into.from_a != taken : !taken);
      out_owner : assert (out_fire ? res_fire != refused : !res_fire && !refused);
      if (res_fire)
        answered :
        assert (out_fire && answer.slot == res_tag.slot && answer.token == res_token
                                      && answer.pos == res_tag.pos + 16'd1);

      // positions
      if (valid) position : assert (tag.pos < 16'(DEPTH));
      if (taken)
        place :
        assert (17'(tag.pos) == (prompt.first ? 17'(prompt.pos) : next_q[prompt.slot])
                                          && token == prompt.token && tag.slot == prompt.slot && tag.gen == prompt.last
                                          && tag.adapter == (prompt.first ? prompt.adapter : adapter_q[prompt.slot]));
      if (res_whole && out_valid && u_sequencer.res_offered && !out_held_q && cut_q[res_tag.slot]) begin
        cut_ends : assert (answer.reason != EndNone);
      end
      cover (fire && u_sequencer.u_into.from_a && tag.pos == 16'(DEPTH - 1));
      cover (out_fire && !res_fire && answer.reason == EndContext);
      cover (res_fire && answer.reason == EndContext);
      cover (res_fire && host_fire);
      cover (u_sequencer.u_back.fill_q == 16'(SLOTS));
    end
  end

  // ---- an answer goes back, once, as it came
  logic [SLOTS-1:0] back_q;
  tag_t back_tag_q[SLOTS];
  logic [TOKEN_W-1:0] back_token_q[SLOTS];
  logic [15:0] backs, head, fill, left;
  always_ff @(posedge clk_i) begin
    for (int s = 0; s < SLOTS; s++) begin
      if (rst_i) back_q[s] <= 1'b0;
      else if (res_fire && answer.reason == EndNone && res_tag.slot == 8'(s)) back_q[s] <= 1'b1;
      else if (fire && use_back && tag.slot == 8'(s)) back_q[s] <= 1'b0;
      if (res_fire && res_tag.slot == 8'(s)) begin
        back_tag_q[s]   <= whole_tag(res_tag.adapter, 1'b1, res_tag.slot, res_tag.pos + 16'd1);
        back_token_q[s] <= res_token;
      end
    end
  end
  assign left = u_sequencer.left_q[res_tag.slot];
  assign head = u_sequencer.u_back.head_q;
  assign fill = u_sequencer.u_back.fill_q;
  always_comb begin
    backs = '0;
    for (int s = 0; s < SLOTS; s++) backs = backs + 16'(back_q[s]);
  end

  // What waits there, the first one in lane 0.
  tag_t [SLOTS-1:0] waiting;
  for (genvar k = 0; k < SLOTS; k++) begin : gen_waiting
    logic [TOKEN_W-1:0] text;
    logic [7:0] slot;
    assign {waiting[k], text} = u_sequencer.u_back.mem[(32'(head)+k)%SLOTS];
    assign slot = waiting[k].slot;
    always_comb begin
      if (!init_q && 16'(k) < fill) begin
        fed_back : assert (32'(slot) < SLOTS && back_q[slot]);
        unchanged : assert (waiting[k] == back_tag_q[slot] && text == back_token_q[slot]);
        for (int j = 0; j < k; j++) assert (waiting[j].slot != slot);
      end
    end
  end

  always_comb begin
    if (!init_q) begin
      none_lost : assert (fill == backs);
      if (res_whole) room : assert (u_sequencer.fb_ready);
      if (fire && use_back)
        as_it_came : assert (back_q[tag.slot] && tag == back_tag_q[tag.slot] && token == back_token_q[tag.slot]);

      // invariants
      assert (32'(head) < SLOTS && 32'(u_sequencer.u_back.tail_q) == (32'(head) + 32'(fill)) % SLOTS);
      if (u_sequencer.u_into.waits_q)
        hold :
        assert (held_q && (u_sequencer.u_into.from_a_q ? fill != 0 : host_valid && u_sequencer.host_room));
        else assert (!held_q);
      no_turns : assert (!u_sequencer.u_out.b_first_q);
      if (!u_sequencer.u_out.waits_q)
        no_offer :
        assert (!out_held_q && !u_sequencer.res_offered_q);
        else if (u_sequencer.u_out.from_a_q)
          answer_held :
          assert (out_held_q && res_held_q && !res_broken && u_sequencer.res_offered_q && u_sequencer.reason_q == out_q.reason);
          else
            refusal_held : assert (out_held_q && host_held_q && u_sequencer.host_refuse && !u_sequencer.res_offered_q);
      if (u_sequencer.res_offered_q && u_sequencer.reason_q == EndNone)
        goes_on : assert (32'(res_tag.pos) + 1 < DEPTH && left != 0);
      for (int s = 0; s < SLOTS; s++) begin
        assert (u_sequencer.pos_q[s] == next_q[s] && next_q[s] <= 17'(DEPTH));
        assert (u_sequencer.adapter_q[s] == adapter_q[s]);
        assert (!wanted_q[s] || (busy_q[s] && next_q[s] == sent_q[s] + 17'd1 && sent_q[s] < 17'(DEPTH)));
        assert ((busy_q[s] && !wanted_q[s]) == back_q[s]);
        if (back_q[s])
          assert (^back_tag_q[s] == 1'b0 && back_tag_q[s].gen && back_tag_q[s].slot == 8'(s) && back_tag_q[s].pos < 16'(DEPTH)
                               && next_q[s] == 17'(back_tag_q[s].pos) + 17'd1);
        if (cut_q[s]) assert (u_sequencer.left_q[s] <= 16'd1);
      end

      // liveness: with its sinks ready nobody waits longer
      if (host_wait_q == 1)
        host_next :
        assert (u_sequencer.host_room ? u_sequencer.u_into.b_first_q && !u_sequencer.u_into.waits_q : wanted_q == 0);
      if (res_wait_q == 1) res_next : assert (!u_sequencer.u_out.waits_q || u_sequencer.u_out.from_a_q);
      if (back_wait_q == 1) back_next : assert (!u_sequencer.u_into.b_first_q && !u_sequencer.u_into.waits_q);
      host_soon : assert (host_wait_q <= 1);
      res_soon : assert (res_wait_q <= 1);
      back_soon : assert (back_wait_q <= 1);
    end
  end
endmodule
