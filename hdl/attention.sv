// SPDX-License-Identifier: Apache-2.0
`include "require.svh"
// Grouped-query attention of one layer over its KV SRAM.
//
//   beats of q, k, v -> quantise a head a clock, k and v into the SRAM -> scores of positions 0..pos, one a clock
//   -> softmax -> sum of probabilities times values, one position a clock -> beats of the heads' outputs
//
// All heads work side by side; head h reads KV head h / (HEADS / KV_HEADS).
module attention #(
  parameter int HEADS    = 4,
  parameter int KV_HEADS = 2,
  parameter int HEAD_DIM = 16,
  parameter int SLOTS    = 2,
  parameter int DEPTH    = 32,    // positions a slot
  parameter int ACT_W    = 12,    // bits of a query's mantissa
  parameter int KV_W     = 10,    // bits of a key's and of a value's
  parameter int SCORE_C  = 23637  // log2(e) / sqrt(HEAD_DIM), 16 fraction bits
) (
  input  logic                             clk_i,
  input  logic                             rst_i,
  input  logic                       [7:0] layer_i,      // number of this layer, for the trace
  output logic                             busy_o,       // some beats of a vector are inside
  output logic                             corrected_o,  // a word of the KV cache was corrected
  output logic                             failed_o,     // a word of the KV cache could not be corrected
  input  logic                             valid_i,
  output logic                             ready_o,
  input  cartridge_pkg::tag_t              tag_i,
  input  logic [cartridge_pkg::BEAT_W-1:0] data_i,
  output logic                             valid_o,
  input  logic                             ready_i,
  output cartridge_pkg::tag_t              tag_o,
  output logic [cartridge_pkg::BEAT_W-1:0] data_o
);
  import cartridge_pkg::*;

  `REQUIRE(kv_heads_share_the_heads, KV_HEADS >= 1 && HEADS % KV_HEADS == 0)
  `REQUIRE(heads_are_whole_beats, HEADS * HEAD_DIM % LANES == 0)
  `REQUIRE(all_heads_are_whole_beats, (HEADS + 2 * KV_HEADS) * HEAD_DIM % LANES == 0)
  `REQUIRE(mantissas_leave_a_lift, ACT_W + KV_W <= 28)
  `REQUIRE(dot_product_has_32_bits, ACT_W + KV_W - 2 + $clog2(HEAD_DIM) <= 31)

  localparam int ALL_HEADS = HEADS + 2 * KV_HEADS;
  localparam int VALUES = ALL_HEADS * HEAD_DIM;  // of q, k and v
  localparam int SUMS = HEADS * HEAD_DIM;
  localparam int IN_BEATS = VALUES / LANES;
  localparam int OUT_BEATS = SUMS / LANES;
  localparam int SHARE = HEADS / KV_HEADS;  // query heads a KV head
  localparam int KV_WORD = HEAD_DIM * KV_W + 5;  // mantissas, then the shift
  localparam int LIFT = 28 - ACT_W - KV_W;
  localparam int SUM_W = 56;  // probabilities add up to 2^20 and their roundings, values stay below 2^31
  localparam int VALUE_IW = idx_w(VALUES);
  localparam int SUM_IW = idx_w(SUMS);
  localparam int IN_IW = idx_w(IN_BEATS);
  localparam int HEAD_IW = idx_w(ALL_HEADS);
  localparam int Q_IW = idx_w(HEADS);
  localparam int POS_IW = idx_w(DEPTH);
  localparam int OUT_IW = idx_w(OUT_BEATS);

  typedef enum logic [2:0] {
    StLoad,
    StQuantise,
    StScore,
    StValue,
    StOut
  } state_e;
  state_e state_q;
  tag_t tag_q;
  // What each state goes through, from 0 and back to it.
  logic [IN_IW-1:0] in_q;  // beats in StLoad
  logic [HEAD_IW-1:0] head_q;  // heads in StQuantise that the quantisers are given
  logic all_heads_q;  // they have been given all
  logic [POS_IW-1:0] pos_q;  // positions in StScore
  logic [OUT_IW-1:0] out_q;  // beats in StOut

  assign ready_o = state_q == StLoad;
  assign valid_o = state_q == StOut;
  assign tag_o   = tag_q;
  assign busy_o  = state_q != StLoad || in_q != 0;

  // ---- q, k, v of the token, and one head of them at a time through the quantisers
  logic signed [31:0] x_q[VALUES];
  logic [HEAD_DIM*32-1:0] head;
  logic [HEAD_DIM*ACT_W-1:0] q_mant;
  logic [HEAD_DIM*KV_W-1:0] kv_mant;
  logic [4:0] q_sh, kv_sh;

  always @(posedge clk_i) begin
    if (valid_i && ready_o) begin
      for (int unsigned l = 0; l < LANES; l++) x_q[VALUE_IW'(32'(in_q)*LANES+l)] = data_i[l*32+:32];
    end
  end

  logic quantised, last_quantised;
  logic [1:0] quantise;
  logic [HEAD_IW-1:0] mant_head;  // whose mantissas there are

  stream_pipe #(
    .STAGES(2),
    .WIDTH (HEAD_IW)
  ) u_quantise (
    .clk_i,
    .rst_i,
    .valid_i(state_q == StQuantise && !all_heads_q),
    .ready_o(),
    .data_i (head_q),
    .en_o   (quantise),
    .valid_o(quantised),
    .ready_i(1'b1),
    .data_o (mant_head)
  );
  assign last_quantised = quantised && mant_head == HEAD_IW'(ALL_HEADS - 1);

  // Idle between heads.
  for (genvar j = 0; j < HEAD_DIM; j++) begin : gen_head
    assign head[j*32+:32] = (state_q == StQuantise) ? x_q[VALUE_IW'(32'(head_q)*HEAD_DIM+j)] : '0;
  end

  act_quantiser #(
    .N(HEAD_DIM),
    .W(ACT_W)
  ) u_q_quantiser (
    .clk_i,
    .en_i(quantise),
    .x_i (head),
    .m_o (q_mant),
    .sh_o(q_sh)
  );

  act_quantiser #(
    .N(HEAD_DIM),
    .W(KV_W)
  ) u_kv_quantiser (
    .clk_i,
    .en_i(quantise),
    .x_i (head),
    .m_o (kv_mant),
    .sh_o(kv_sh)
  );

  logic signed [ACT_W-1:0] q_q[HEADS][HEAD_DIM];
  logic [4:0] q_sh_q[HEADS];
  always @(posedge clk_i) begin
    if (quantised && 32'(mant_head) < HEADS) begin
      for (int unsigned j = 0; j < HEAD_DIM; j++) q_q[Q_IW'(mant_head)][j] = q_mant[j*ACT_W+:ACT_W];
      q_sh_q[Q_IW'(mant_head)] = q_sh;
    end
  end

  // ---- KV SRAM, a bank a head for keys and for values
  logic [KV_HEADS*KV_WORD-1:0] k_word, v_word;
  logic [KV_HEADS-1:0] k_corrected, k_failed, v_corrected, v_failed;
  logic k_read, v_read;
  pos_t read_pos;

  for (genvar g = 0; g < KV_HEADS; g++) begin : gen_kv
    kv_sram #(
      .SLOTS(SLOTS),
      .DEPTH(DEPTH),
      .WIDTH(KV_WORD)
    ) u_k (
      .clk_i,
      .we_i       (quantised && 32'(mant_head) == HEADS + g),
      .slot_i     (tag_q.slot),
      .wpos_i     (tag_q.pos),
      .wdata_i    ({kv_sh, kv_mant}),
      .re_i       (k_read),
      .rpos_i     (read_pos),
      .rdata_o    (k_word[g*KV_WORD+:KV_WORD]),
      .corrected_o(k_corrected[g]),
      .failed_o   (k_failed[g])
    );

    kv_sram #(
      .SLOTS(SLOTS),
      .DEPTH(DEPTH),
      .WIDTH(KV_WORD)
    ) u_v (
      .clk_i,
      .we_i       (quantised && 32'(mant_head) == HEADS + KV_HEADS + g),
      .slot_i     (tag_q.slot),
      .wpos_i     (tag_q.pos),
      .wdata_i    ({kv_sh, kv_mant}),
      .re_i       (v_read),
      .rpos_i     (read_pos),
      .rdata_o    (v_word[g*KV_WORD+:KV_WORD]),
      .corrected_o(v_corrected[g]),
      .failed_o   (v_failed[g])
    );
  end

  assign corrected_o = |k_corrected || |v_corrected;
  assign failed_o    = |k_failed || |v_failed;

  // ---- scores: the position read last clock against every query head
  logic score_valid_q, score_last_q;
  logic [HEADS*24-1:0] scores;
  logic signed [KV_W-1:0] k_x[KV_HEADS][HEAD_DIM];

  always_comb begin
    for (int unsigned g = 0; g < KV_HEADS; g++) begin
      for (int unsigned j = 0; j < HEAD_DIM; j++) k_x[g][j] = k_word[g*KV_WORD+j*KV_W+:KV_W];
    end
  end

  for (genvar h = 0; h < HEADS; h++) begin : gen_score
    logic signed [31:0] dot;
    logic signed [63:0] s;
    logic [4:0] k_sh;

    always_comb begin
      dot = '0;
      for (int unsigned j = 0; j < HEAD_DIM; j++) dot = dot + 32'(q_q[h][j]) * 32'(k_x[h/SHARE][j]);
    end
    assign k_sh = k_word[(h/SHARE)*KV_WORD+HEAD_DIM*KV_W+:5];
    assign s = rsr((64'(dot) * $signed(64'(SCORE_C))) <<< LIFT, 6'(64 - ACT_W - KV_W) - 6'(q_sh_q[h]) - 6'(k_sh));
    assign scores[h*24+:24] = (s > 64'sh7fffff) ? 24'h7fffff : (s < -64'sh800000) ? 24'h800000 : s[23:0];
  end

  // ---- softmax
  logic prob_valid, prob_ready, prob_last, score_ready;
  pos_t prob_pos;
  logic [HEADS*PROB_W-1:0] probs;

  softmax #(
    .HEADS(HEADS),
    .DEPTH(DEPTH)
  ) u_softmax (
    .clk_i,
    .rst_i,
    .valid_i(score_valid_q),
    .ready_o(score_ready),
    .last_i (score_last_q),
    .score_i(scores),
    .valid_o(prob_valid),
    .ready_i(prob_ready),
    .pos_o  (prob_pos),
    .last_o (prob_last),
    .prob_o (probs)
  );

  // ---- values: probabilities wait one clock for the SRAM word of their position
  logic value_valid_q, value_first_q, value_last_q;
  logic [PROB_W-1:0] prob_q[HEADS];
  logic signed [SUM_W-1:0] acc_q[SUMS];
  logic signed [KV_W-1:0] v_x[KV_HEADS][HEAD_DIM];
  logic [4:0] v_sh[KV_HEADS];

  assign k_read     = state_q == StScore && score_ready;
  assign v_read     = prob_valid && prob_ready;
  assign read_pos   = (state_q == StScore) ? pos_t'(pos_q) : prob_pos;
  assign prob_ready = state_q == StValue;

  always_comb begin
    for (int unsigned g = 0; g < KV_HEADS; g++) begin
      for (int unsigned j = 0; j < HEAD_DIM; j++) v_x[g][j] = v_word[g*KV_WORD+j*KV_W+:KV_W];
      v_sh[g] = v_word[g*KV_WORD+HEAD_DIM*KV_W+:5];
    end
  end

  // A value is multiplied before it is moved to its place: the multiplier is as wide as its mantissa.
  function automatic logic signed [SUM_W-1:0] weighted(input logic [PROB_W-1:0] prob, input logic signed [KV_W-1:0] v,
                                                       input logic [4:0] places);
    weighted = SUM_W'($signed({1'b0, prob}) * 48'(v)) <<< places;
  endfunction

  always @(posedge clk_i) begin
    if (value_valid_q) begin
      for (int unsigned h = 0; h < HEADS; h++) begin
        for (int unsigned j = 0; j < HEAD_DIM; j++) begin
          acc_q[h*HEAD_DIM+j] = (value_first_q ? '0 : acc_q[h*HEAD_DIM+j]) +
              weighted(prob_q[h], v_x[h/SHARE][j], v_sh[h/SHARE]);
        end
      end
    end
  end

  for (genvar l = 0; l < LANES; l++) begin : gen_lane
    assign data_o[l*32+:32] = sat32(rsr(64'(acc_q[SUM_IW'(32'(out_q)*LANES+l)]), 6'd20));
  end

  // ---- control
  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      state_q       <= StLoad;
      in_q          <= '0;
      head_q        <= '0;
      all_heads_q   <= 1'b0;
      pos_q         <= '0;
      out_q         <= '0;
      tag_q         <= '0;
      score_valid_q <= 1'b0;
      score_last_q  <= 1'b0;
      value_valid_q <= 1'b0;
      value_last_q  <= 1'b0;
      value_first_q <= 1'b0;
      for (int unsigned h = 0; h < HEADS; h++) prob_q[h] <= '0;
    end else begin
      score_valid_q <= k_read;
      score_last_q  <= k_read && pos_t'(pos_q) == tag_q.pos;
      value_valid_q <= v_read;
      value_last_q  <= v_read && prob_last;
      value_first_q <= prob_pos == 0;
      for (int unsigned h = 0; h < HEADS; h++) prob_q[h] <= probs[h*PROB_W+:PROB_W];
      unique case (state_q)
        StLoad:
        if (valid_i) begin
          tag_q <= tag_i;
          in_q  <= in_q + 1'b1;
          if (in_q == IN_IW'(IN_BEATS - 1)) begin
            in_q    <= '0;
            state_q <= StQuantise;
          end
        end
        StQuantise: begin
          head_q <= head_q + 1'b1;
          if (head_q == HEAD_IW'(ALL_HEADS - 1)) begin
            head_q      <= '0;
            all_heads_q <= 1'b1;
          end
          if (last_quantised) begin
            head_q      <= '0;
            all_heads_q <= 1'b0;
            state_q     <= StScore;
          end
        end
        StScore:
        if (score_ready) begin
          pos_q <= pos_q + 1'b1;
          if (pos_t'(pos_q) == tag_q.pos) begin
            pos_q   <= '0;
            state_q <= StValue;
          end
        end
        StValue: if (value_last_q) state_q <= StOut;
        StOut:
        if (ready_i) begin
          out_q <= out_q + 1'b1;
          if (out_q == OUT_IW'(OUT_BEATS - 1)) begin
            out_q   <= '0;
            state_q <= StLoad;
          end
        end
        default: state_q <= StLoad;
      endcase
    end
  end

  // ---- trace: the heads of a position in beats of their own
  localparam int PROB_BEATS = (HEADS + LANES - 1) / LANES;
  logic [PROB_BEATS*BEAT_W-1:0] prob_words;
  always_comb begin
    prob_words = '0;
    for (int unsigned h = 0; h < HEADS; h++) prob_words[h*32+:32] = 32'(probs[h*PROB_W+:PROB_W]);
  end

  for (genvar b = 0; b < PROB_BEATS; b++) begin : gen_prob_tap
    stage_tap u_tap (
      .clk_i,
      .fire_i (v_read),
      .stage_i(cartridge_pkg::STAGE_ATTN_PROB),
      .layer_i,
      .tag_i  (tag_q),
      .beat_i (16'(32'(prob_pos) * PROB_BEATS + b)),
      .data_i (prob_words[b*BEAT_W+:BEAT_W])
    );
  end
endmodule
