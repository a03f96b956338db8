// SPDX-License-Identifier: Apache-2.0
// The attention's KV addresses, whatever passes through it: it writes a head's word at the slot and position of the
// token that it holds and nowhere else, and reads positions from 0 to that one.
module attention_proof #(
  parameter int HEADS    = 2,
  parameter int KV_HEADS = 1,
  parameter int HEAD_DIM = 16,
  parameter int SLOTS    = 2,
  parameter int DEPTH    = 4
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

  // Heads follow each other through the quantisers, and are out of them before scores are made.
  localparam int HEAD_IW = cartridge_pkg::idx_w(HEADS + 2 * KV_HEADS);
  localparam int LAST = HEADS + 2 * KV_HEADS - 1;
  logic [31:0] given, first, second;
  logic [1:0] full;
  assign given  = 32'(u_attention.head_q);
  assign full   = u_attention.u_quantise.full_q;
  assign first  = 32'(u_attention.u_quantise.data_q[HEAD_IW-1:0]);
  assign second = 32'(u_attention.u_quantise.data_q[HEAD_IW+:HEAD_IW]);
  always_comb begin
    if (!init_q) begin
      if (u_attention.state_q != 3'd1)
        empty :
        assert (full == 0 && given == 0 && !u_attention.all_heads_q);
        else if (!u_attention.all_heads_q) begin
          heads :
          assert (given <= LAST && full == {given >= 2, given >= 1} && (!full[0] || first == given - 1)
                         && (!full[1] || second == given - 2));
        end else begin
          last_head : assert (full[0] ? first == LAST && (!full[1] || second == LAST - 1) : full[1] && second == LAST);
        end
    end
  end

  // Where scores and probabilities are between the attention and its softmax.
  localparam logic [2:0] LOAD = 3'd0, SCORE = 3'd2, VALUE = 3'd3;
  logic [2:0] state, inner;
  logic [15:0] pos, inner_pos;
  logic score, probs;
  assign state     = u_attention.state_q;
  assign inner     = u_attention.u_softmax.state_q;
  assign inner_pos = u_attention.u_softmax.pos_o;
  assign pos       = u_attention.tag_q.pos;
  assign score     = u_attention.score_valid_q;
  assign probs     = inner != 0 && inner <= 3'd4;
  always_comb begin
    if (!init_q) begin
      states : assert (state <= 3'd4);
      counters : assert ((state == LOAD || u_attention.in_q == 0) && (state == SCORE || u_attention.pos_q == 0));
      if (state != SCORE && state != VALUE) resting : assert (inner == 0 && inner_pos == 0 && !score);
      if (state == SCORE) begin
        scoring :
        assert (inner == 0 && inner_pos + 16'(score) == 16'(u_attention.pos_q) && 16'(u_attention.pos_q) <= pos);
        more : assert (!(score && u_attention.score_last_q));
      end
      if (state == VALUE) begin
        summing :
        assert (u_attention.value_last_q ? inner == 0 && inner_pos == 0 && !score
                         : score ? inner == 0 && inner_pos == pos && u_attention.score_last_q
                         : probs && 16'(u_attention.u_softmax.last_q) == pos && inner_pos <= pos);
      end else begin
        none : assert (!u_attention.value_last_q);
      end
      held : assert (!begun || u_attention.tag_q == tag_q);
      in_range : assert (!begun || (32'(tag_q.slot) < SLOTS && 32'(pos) < DEPTH));
      cover (u_attention.gen_kv[0].u_v.we_i && pos == 16'(DEPTH - 1));
      cover (u_attention.gen_kv[0].u_k.re_i && u_attention.pos_q == 2);
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
      if (!init_q && u_attention.gen_kv[g].u_k.re_i) begin
        k_past :
        assert (u_attention.gen_kv[g].u_k.slot_i == tag_q.slot && u_attention.gen_kv[g].u_k.rpos_i <= tag_q.pos);
      end
      if (!init_q && u_attention.gen_kv[g].u_v.re_i) begin
        v_past :
        assert (u_attention.gen_kv[g].u_v.slot_i == tag_q.slot && u_attention.gen_kv[g].u_v.rpos_i <= tag_q.pos);
      end
    end
  end
endmodule
