// SPDX-License-Identifier: Apache-2.0
// The attention's KV addresses, whatever passes through it: it writes a head's word at the slot and position of the
// token that it holds and nowhere else, and reads positions from 0 to that one.
module attention_proof #(
  parameter int HEADS    = 2,
  parameter int KV_HEADS = 1,
  parameter int HEAD_DIM = 16,
  parameter int SLOTS    = 2,
  parameter int DEPTH    = 19
) (
  input logic                             clk_i,
  input logic                             rst_i,
  input logic                             valid_i,
  input cartridge_pkg::tag_t              tag_i,
  input logic [cartridge_pkg::BEAT_W-1:0] data_i,
  input logic                             ready_i
);
  logic ready, valid;
  cartridge_pkg::tag_t tag;
  logic [cartridge_pkg::BEAT_W-1:0] data;

  attention #(
    .HEADS   (HEADS),
    .KV_HEADS(KV_HEADS),
    .HEAD_DIM(HEAD_DIM),
    .SLOTS   (SLOTS),
    .DEPTH   (DEPTH)
  ) u_attention (
    .clk_i,
    .rst_i,
    .layer_i(8'd0),
    .valid_i,
    .ready_o(ready),
    .tag_i,
    .data_i,
    .valid_o(valid),
    .ready_i,
    .tag_o  (tag),
    .data_o (data)
  );

  // All beats of a vector have one tag, that of a place in the KV SRAM.
  logic init_q = 1'b1, begun;
  cartridge_pkg::tag_t tag_q;
  always_ff @(posedge clk_i) begin
    init_q <= 1'b0;
    if (valid_i && ready) tag_q <= tag_i;
  end
  assign begun = u_attention.state_q != 0 || u_attention.in_q != 0;
  always_comb begin
    if (init_q) assume (rst_i);
    if (valid_i) assume (32'(tag_i.slot) < SLOTS && 32'(tag_i.pos) < DEPTH);
    if (!init_q && begun && valid_i && ready) assume (tag_i == tag_q);
  end

  localparam logic [1:0] LOAD = 2'd0, QUANTISE = 2'd1, READ = 2'd2, OUT = 2'd3;
  logic [1:0] state;
  logic [15:0] pos;
  assign state = u_attention.state_q;
  assign pos   = u_attention.tag_q.pos;

  // Two heads a beat: a batch is fresh in the window, then in one of the quantisers' three stages, then gone.
  localparam int HEAD_IW = 3;
  logic fresh;
  logic [2:0] full;
  logic [31:0] batch, first, second, third;
  assign fresh  = u_attention.u_heads.fresh_q;
  assign full   = u_attention.u_heads.u_quantise.full_q;
  assign batch  = 32'(u_attention.u_heads.head_q);
  assign first  = 32'(u_attention.u_heads.u_quantise.data_q[HEAD_IW-1:0]);
  assign second = 32'(u_attention.u_heads.u_quantise.data_q[HEAD_IW+2+:HEAD_IW]);
  assign third  = 32'(u_attention.u_heads.u_quantise.data_q[2*(HEAD_IW+2)+:HEAD_IW]);
  always_comb begin
    if (!init_q) begin
      rest : assert (32'(u_attention.u_heads.rest_q) == (fresh ? 32 : 0));
      if (full[0]) first_whole : assert (u_attention.u_heads.u_quantise.data_q[HEAD_IW+:2] == 2'd3);
      if (full[1]) second_whole : assert (u_attention.u_heads.u_quantise.data_q[2*HEAD_IW+2+:2] == 2'd3);
      if (full[2]) third_whole : assert (u_attention.u_heads.u_quantise.data_q[3*HEAD_IW+4+:2] == 2'd3);
      if (state == LOAD && u_attention.in_q == 0 || state == READ || state == OUT)
        empty : assert (!fresh && full == 0 && batch == 0 && u_attention.in_q == 0);
      if (state == LOAD && u_attention.in_q == 1)
        one :
        assert (fresh ? full == 0 && batch == 0
                      : batch == 2 && (full & (full - 3'd1)) == 0 &&
                        (!full[0] || first == 0) && (!full[1] || second == 0) && (!full[2] || third == 0));
      if (state == QUANTISE) begin
        both :
        assert (fresh ? batch == 2 && (!full[0] || first == 0) && (!full[1] || second == 0) && (!full[2] || third == 0)
                      : batch == 4 && full != 0 &&
                        (full[0] ? first == 2 && (!full[1] || second == 0) && (!full[2] || third == 0)
                                 : full[1] ? second == 2 && (!full[2] || third == 0) : third == 2));
        counted : assert (u_attention.in_q == 0);
      end
    end
  end

  // Beats of positions on their way from the keys' SRAM to the values': where each is, is kept beside it.
  localparam int POSITIONS = 2, READING = 2, SCORING = 9, WEIGHING = 8;  // clocks
  localparam int STAGES = READING + SCORING + WEIGHING;
  localparam int LIFTS = KV_HEADS * POSITIONS * 5;  // bits, ahead of the flags of a beat
  localparam int WIDTH = LIFTS + POSITIONS + 4;
  logic [STAGES-1:0] there;
  logic [STAGES-1:0][15:0] pos_q;
  logic [STAGES-1:0][POSITIONS-1:0] on;
  logic [STAGES-1:0] ends;
  logic [15:0] last, waiting;
  assign last  = (pos | 16'd7) - 16'(POSITIONS - 1);  // where the last octet's last beat begins
  assign there = {u_attention.u_softmax.valid_q[WEIGHING-1:0], u_attention.u_score.valid_q, u_attention.beat_q};
  always_ff @(posedge clk_i) pos_q <= {pos_q[STAGES-2:0], u_attention.read_q};
  always_comb begin
    waiting = '0;
    for (int s = 0; s < STAGES; s++) waiting = waiting + (there[s] ? 16'(POSITIONS) : 16'd0);
  end
  for (genvar s = 0; s < STAGES; s++) begin : gen_stage
    logic [15:0] behind;
    if (s < READING) begin : gen_read
      localparam int AT = s * (POSITIONS + 4);
      assign on[s]   = u_attention.flags_q[AT+4+:POSITIONS];
      assign ends[s] = u_attention.flags_q[AT+2] && u_attention.flags_q[AT];
    end else if (s < READING + SCORING) begin : gen_score
      localparam int AT = (s - READING) * WIDTH + LIFTS;
      assign on[s]   = u_attention.u_score.data_q[AT+4+:POSITIONS];
      assign ends[s] = u_attention.u_score.data_q[AT+2] && u_attention.u_score.data_q[AT];
    end else begin : gen_weight
      localparam int AT = s - READING - SCORING;
      assign on[s]   = u_attention.u_softmax.on_q[AT*POSITIONS+:POSITIONS];
      assign ends[s] = u_attention.u_softmax.closes_q[AT] && u_attention.u_softmax.last_q[AT];
    end
    always_comb begin
      behind = '0;
      for (int t = s + 1; t < STAGES; t++) behind = behind + (there[t] ? 16'(POSITIONS) : 16'd0);
      if (!init_q && there[s]) begin
        follows : assert (pos_q[s] == u_attention.v_pos_q + behind && pos_q[s] <= last);
        known : assert (ends[s] == (pos_q[s] == last));
      end
    end
  end

  for (genvar s = 0; s < STAGES; s++) begin : gen_on
    for (genvar p = 0; p < POSITIONS; p++) begin : gen_position
      always_comb if (!init_q && there[s]) counts : assert (on[s][p] == (pos_q[s] + 16'(p) <= pos));
    end
  end

  // attn_value gives its last beat only when all of them have passed it.
  always_comb if (state == OUT && valid && u_attention.out_last) assume (waiting == 0);

  always_comb begin
    if (!init_q) begin
      if (state == READ)
        reads :
        assert (u_attention.read_q == u_attention.v_pos_q + waiting && u_attention.read_q <= last);
        else rests : assert (u_attention.read_q == 0);
      if (state == OUT && waiting != 0) drains : assert (u_attention.v_pos_q + waiting == last + 16'(POSITIONS));
      if (state == LOAD || state == QUANTISE) none : assert (waiting == 0);
      even : assert (!u_attention.v_pos_q[0]);
      held : assert (!begun || u_attention.tag_q == tag_q);
      in_range : assert (!begun || (32'(tag_q.slot) < SLOTS && 32'(pos) < DEPTH));
      cover (u_attention.gen_kv[0].u_v.we_i && pos == 16'(DEPTH - 1));
      cover (u_attention.gen_kv[0].u_k.re_i != 0 && u_attention.read_q == 2);
    end
  end
  for (genvar g = 0; g < KV_HEADS; g++) begin : gen_kv
    always_comb begin
      if (!init_q && u_attention.gen_kv[g].u_k.we_i) begin
        k_place :
        assert (begun && u_attention.gen_kv[g].u_k.slot_i == tag_q.slot
                         && u_attention.gen_kv[g].u_k.wpos_i == tag_q.pos);
      end
      if (!init_q && u_attention.gen_kv[g].u_v.we_i) begin
        v_place :
        assert (begun && u_attention.gen_kv[g].u_v.slot_i == tag_q.slot
                         && u_attention.gen_kv[g].u_v.wpos_i == tag_q.pos);
      end
    end
    for (genvar p = 0; p < POSITIONS; p++) begin : gen_position
      always_comb begin
        if (!init_q && u_attention.gen_kv[g].u_k.re_i[p]) begin
          k_past :
          assert (u_attention.gen_kv[g].u_k.slot_i == tag_q.slot &&
                  u_attention.gen_kv[g].u_k.rpos_i + 16'(p) <= tag_q.pos);
        end
        if (!init_q && u_attention.gen_kv[g].u_v.re_i[p]) begin
          v_past :
          assert (u_attention.gen_kv[g].u_v.slot_i == tag_q.slot &&
                  u_attention.gen_kv[g].u_v.rpos_i + 16'(p) <= tag_q.pos);
        end
      end
    end
  end
endmodule
