// SPDX-License-Identifier: Apache-2.0
`include "require.svh"
// Grouped-query attention of one layer over its KV SRAM, in one pass over the positions, POSITIONS of them a clock.
//
//   beats of q, k, v -> quantise heads as they become whole, k and v into the SRAM
//   -> octets of positions 0..pos: scores -> softmax's weights -> sums of weighted values
//   -> divided, beats of the heads' outputs
//
// All heads work side by side; head h reads KV head h / (HEADS / KV_HEADS). A position's values are read as many clocks
// behind its key as its weight takes, so that they are there when it is.
module attention #(
  parameter int HEADS     = 4,
  parameter int KV_HEADS  = 2,
  parameter int HEAD_DIM  = 16,
  parameter int SLOTS     = 2,
  parameter int DEPTH     = 32,    // positions a slot
  parameter int POSITIONS = 2,
  parameter int ACT_W     = 12,    // bits of a query's mantissa
  parameter int KV_W      = 10,    // bits of a key's and of a value's
  parameter int SCORE_C   = 23637  // log2(e) / sqrt(HEAD_DIM), 16 fraction bits
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
  `REQUIRE(values_have_4_to_16_bits, KV_W >= 4 && KV_W <= 16)

  localparam int ALL_HEADS = HEADS + 2 * KV_HEADS;
  localparam int IN_BEATS = ALL_HEADS * HEAD_DIM / LANES;
  localparam int QUANTISERS = (LANES + HEAD_DIM - 1) / HEAD_DIM;  // heads that a beat may make whole
  localparam int IN_IW = idx_w(IN_BEATS);
  localparam int HEAD_IW = $clog2(ALL_HEADS + QUANTISERS + 1);
  localparam int Q_IW = idx_w(HEADS);
  localparam int MANT_W = HEAD_DIM * KV_W;  // of a head's keys or values

  typedef enum logic [1:0] {
    StLoad,
    StQuantise,
    StRead,
    StOut
  } state_e;
  state_e state_q;
  tag_t tag_q;
  // What each state goes through, from 0 and back to it.
  logic [IN_IW-1:0] in_q;  // beats in StLoad
  pos_t read_q;  // positions in StRead

  assign ready_o = state_q == StLoad;
  assign tag_o   = tag_q;
  assign busy_o  = state_q != StLoad || in_q != 0;

  // ---- heads, as many side by side as a beat may make whole
  logic [QUANTISERS*HEAD_DIM*ACT_W-1:0] q_mant;
  logic [QUANTISERS*MANT_W-1:0] kv_mant;
  logic [QUANTISERS*5-1:0] q_sh, kv_sh;
  logic [QUANTISERS-1:0] is_query, who;
  logic [HEAD_IW-1:0] quantised_head;
  logic loaded;

  attn_heads #(
    .ALL_HEADS (ALL_HEADS),
    .HEAD_DIM  (HEAD_DIM),
    .QUANTISERS(QUANTISERS),
    .ACT_W     (ACT_W),
    .KV_W      (KV_W)
  ) u_heads (
    .clk_i,
    .rst_i,
    .valid_i  (valid_i && ready_o),
    .data_i,
    .who_o    (who),
    .head_o   (quantised_head),
    .q_mant_o (q_mant),
    .q_sh_o   (q_sh),
    .kv_mant_o(kv_mant),
    .kv_sh_o  (kv_sh),
    .loaded_i (loaded)
  );

  for (genvar i = 0; i < QUANTISERS; i++) begin : gen_query
    assign is_query[i] = who[i] && 32'(quantised_head) + i < HEADS;
  end

  // Which quantiser has a head, if one has: of those from `first` on, which there are.
  function automatic logic [QUANTISERS-1:0] having(input logic [HEAD_IW-1:0] head, input logic [HEAD_IW-1:0] first,
                                                   input logic [QUANTISERS-1:0] there);
    for (int unsigned i = 0; i < QUANTISERS; i++) having[i] = there[i] && first + HEAD_IW'(i) == head;
  endfunction

  // Of what all quantisers give, what that one does.
  function automatic logic [MANT_W-1:0] mantissas(input logic [QUANTISERS-1:0] which,
                                                  input logic [QUANTISERS*MANT_W-1:0] all);
    mantissas = all[MANT_W-1:0];
    for (int unsigned i = 1; i < QUANTISERS; i++) if (which[i]) mantissas = all[i*MANT_W+:MANT_W];
  endfunction

  function automatic logic [4:0] shift(input logic [QUANTISERS-1:0] which, input logic [QUANTISERS*5-1:0] all,
                                       input logic [4:0] otherwise);
    shift = otherwise;
    for (int unsigned i = 0; i < QUANTISERS; i++) if (which[i]) shift = all[i*5+:5];
  endfunction

  // ---- KV SRAM: mantissas of a head's keys and of its values, and the exponents of all heads
  logic [POSITIONS-1:0] k_re, v_re;
  pos_t v_pos_q;
  logic [POSITIONS*KV_HEADS*MANT_W-1:0] k_words, v_words;
  logic [POSITIONS*KV_HEADS*10-1:0] shift_words;
  logic [POSITIONS*KV_HEADS*5-1:0] k_sh, v_sh;
  logic [KV_HEADS*10-1:0] shift_d, shift_q;  // a head's: {value, key}
  logic [KV_HEADS-1:0] k_corrected, k_failed, v_corrected, v_failed;
  logic shift_corrected, shift_failed;

  assign loaded = having(HEAD_IW'(ALL_HEADS - 1), quantised_head, who) != 0;

  for (genvar g = 0; g < KV_HEADS; g++) begin : gen_kv
    logic [QUANTISERS-1:0] k_from, v_from;
    logic [POSITIONS*MANT_W-1:0] k_read, v_read;

    assign k_from = having(HEAD_IW'(HEADS + g), quantised_head, who);
    assign v_from = having(HEAD_IW'(HEADS + KV_HEADS + g), quantised_head, who);
    assign shift_d[g*10+:10] = {shift(v_from, kv_sh, shift_q[g*10+5+:5]), shift(k_from, kv_sh, shift_q[g*10+:5])};

    kv_sram #(
      .SLOTS    (SLOTS),
      .DEPTH    (DEPTH),
      .WIDTH    (MANT_W),
      .POSITIONS(POSITIONS)
    ) u_k (
      .clk_i,
      .we_i       (k_from != 0),
      .slot_i     (tag_q.slot),
      .wpos_i     (tag_q.pos),
      .wdata_i    (mantissas(k_from, kv_mant)),
      .re_i       (k_re),
      .rpos_i     (read_q),
      .rdata_o    (k_read),
      .corrected_o(k_corrected[g]),
      .failed_o   (k_failed[g])
    );

    kv_sram #(
      .SLOTS    (SLOTS),
      .DEPTH    (DEPTH),
      .WIDTH    (MANT_W),
      .POSITIONS(POSITIONS)
    ) u_v (
      .clk_i,
      .we_i       (v_from != 0),
      .slot_i     (tag_q.slot),
      .wpos_i     (tag_q.pos),
      .wdata_i    (mantissas(v_from, kv_mant)),
      .re_i       (v_re),
      .rpos_i     (v_pos_q),
      .rdata_o    (v_read),
      .corrected_o(v_corrected[g]),
      .failed_o   (v_failed[g])
    );

    for (genvar p = 0; p < POSITIONS; p++) begin : gen_position
      assign k_words[(p*KV_HEADS+g)*MANT_W+:MANT_W] = k_read[p*MANT_W+:MANT_W];
      assign v_words[(p*KV_HEADS+g)*MANT_W+:MANT_W] = v_read[p*MANT_W+:MANT_W];
      assign k_sh[(p*KV_HEADS+g)*5+:5] = shift_words[(p*KV_HEADS+g)*10+:5];
      assign v_sh[(p*KV_HEADS+g)*5+:5] = shift_words[(p*KV_HEADS+g)*10+5+:5];
    end
  end

  kv_sram #(
    .SLOTS    (SLOTS),
    .DEPTH    (DEPTH),
    .WIDTH    (KV_HEADS * 10),
    .POSITIONS(POSITIONS)
  ) u_shift (
    .clk_i,
    .we_i       (loaded),
    .slot_i     (tag_q.slot),
    .wpos_i     (tag_q.pos),
    .wdata_i    (shift_d),
    .re_i       (k_re),
    .rpos_i     (read_q),
    .rdata_o    (shift_words),
    .corrected_o(shift_corrected),
    .failed_o   (shift_failed)
  );

  assign corrected_o = |k_corrected || |v_corrected || shift_corrected;
  assign failed_o    = |k_failed || |v_failed || shift_failed;

  // ---- octets of positions, read whole; a word that is not there yet counts for nothing
  localparam int FLAGS = POSITIONS + 4;
  logic [FLAGS-1:0] flags;  // a beat's: which positions there are, opens, closes, first, last
  logic [2*FLAGS-1:0] flags_q;  // of what has been asked for, by clock
  logic [1:0] beat_q;
  logic read_last;
  pos_t clock;  // of an octet's

  for (genvar p = 0; p < POSITIONS; p++) begin : gen_read
    assign k_re[p] = state_q == StRead && read_q + pos_t'(p) <= tag_q.pos;
  end
  assign clock = read_q % pos_t'(OCTET);
  assign flags = {
    k_re,
    read_q / pos_t'(OCTET) == 0,
    read_q / pos_t'(OCTET) == tag_q.pos / pos_t'(OCTET),
    clock == 0,
    clock == pos_t'(OCTET - POSITIONS)
  };
  assign read_last = flags[2] && flags[0];

  // ---- scores, weights, sums of values
  logic score_valid, early_valid, weight_valid, weight_opens, weight_closes, weight_first, weight_last, done, out_last;
  logic [POSITIONS*HEADS*24-1:0] scores;
  logic [FLAGS-1:0] score_flags;
  logic [POSITIONS*KV_HEADS*5-1:0] score_lift;
  logic [POSITIONS*HEADS*WEIGHT_W-1:0] weights, value_weights;
  logic [POSITIONS-1:0] early_on, weight_on;
  logic [HEADS*6-1:0] value_growth, out_places;
  logic [HEADS*16-1:0] recip;

  attn_score #(
    .HEADS     (HEADS),
    .KV_HEADS  (KV_HEADS),
    .HEAD_DIM  (HEAD_DIM),
    .POSITIONS (POSITIONS),
    .QUANTISERS(QUANTISERS),
    .ACT_W     (ACT_W),
    .KV_W      (KV_W),
    .SCORE_C   (SCORE_C),
    .WIDTH     (FLAGS + POSITIONS * KV_HEADS * 5)
  ) u_score (
    .clk_i,
    .rst_i,
    .we_i   (is_query),
    .head_i (Q_IW'(quantised_head)),
    .q_i    (q_mant),
    .q_sh_i (q_sh),
    .valid_i(beat_q[1]),
    .k_i    (k_words),
    .k_sh_i (k_sh),
    .data_i ({flags_q[FLAGS+:FLAGS], v_sh}),
    .valid_o(score_valid),
    .score_o(scores),
    .data_o ({score_flags, score_lift})
  );

  softmax #(
    .HEADS    (HEADS),
    .KV_HEADS (KV_HEADS),
    .POSITIONS(POSITIONS),
    .DEPTH    (DEPTH)
  ) u_softmax (
    .clk_i,
    .rst_i,
    .valid_i       (score_valid),
    .on_i          (score_flags[4+:POSITIONS]),
    .opens_i       (score_flags[3]),
    .closes_i      (score_flags[2]),
    .first_i       (score_flags[1]),
    .last_i        (score_flags[0]),
    .score_i       (scores),
    .lift_i        (score_lift),
    .early_valid_o (early_valid),
    .early_on_o    (early_on),
    .valid_o       (weight_valid),
    .on_o          (weight_on),
    .opens_o       (weight_opens),
    .closes_o      (weight_closes),
    .first_o       (weight_first),
    .last_o        (weight_last),
    .weight_o      (weights),
    .value_weight_o(value_weights),
    .value_growth_o(value_growth),
    .done_o        (done),
    .recip_o       (recip),
    .places_o      (out_places)
  );

  assign v_re = early_valid ? early_on : '0;

  attn_value #(
    .HEADS    (HEADS),
    .KV_HEADS (KV_HEADS),
    .HEAD_DIM (HEAD_DIM),
    .POSITIONS(POSITIONS),
    .DEPTH    (DEPTH),
    .KV_W     (KV_W)
  ) u_value (
    .clk_i,
    .rst_i,
    .valid_i (weight_valid),
    .on_i    (weight_on),
    .opens_i (weight_opens),
    .closes_i(weight_closes),
    .first_i (weight_first),
    .last_i  (weight_last),
    .weight_i(value_weights),
    .growth_i(value_growth),
    .v_i     (v_words),
    .done_i  (done),
    .recip_i (recip),
    .places_i(out_places),
    .valid_o,
    .ready_i,
    .last_o  (out_last),
    .data_o
  );

  // ---- control
  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      state_q <= StLoad;
      in_q    <= '0;
      read_q  <= '0;
      beat_q  <= '0;
      v_pos_q <= '0;
      tag_q   <= '0;
    end else begin
      beat_q  <= {beat_q[0], state_q == StRead};
      flags_q <= {flags_q[FLAGS-1:0], flags};
      if (state_q == StQuantise) v_pos_q <= '0;
      else if (early_valid) v_pos_q <= v_pos_q + pos_t'(POSITIONS);
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
        StQuantise: if (loaded) state_q <= StRead;
        StRead: begin
          read_q <= read_q + pos_t'(POSITIONS);
          if (read_last) begin
            read_q  <= '0;
            state_q <= StOut;
          end
        end
        StOut:      if (valid_o && ready_i && out_last) state_q <= StLoad;
        default:    state_q <= StLoad;
      endcase
    end
  end

  always_ff @(posedge clk_i) if (who[0]) shift_q <= shift_d;

  // ---- trace: the heads of a position in beats of their own
  localparam int WEIGHT_BEATS = (HEADS + LANES - 1) / LANES;
  logic [POSITIONS*WEIGHT_BEATS-1:0] weight_fires;
  logic [POSITIONS*WEIGHT_BEATS*BEAT_W-1:0] weight_beats;

  for (genvar p = 0; p < POSITIONS; p++) begin : gen_weight_beat
    assign weight_fires[p*WEIGHT_BEATS+:WEIGHT_BEATS] = {WEIGHT_BEATS{weight_valid && weight_on[p]}};
    for (genvar h = 0; h < WEIGHT_BEATS * LANES; h++) begin : gen_head
      if (h < HEADS) begin : gen_there
        assign weight_beats[p*WEIGHT_BEATS*BEAT_W+h*32+:32] = 32'(weights[(p*HEADS+h)*WEIGHT_W+:WEIGHT_W]);
      end else begin : gen_none
        assign weight_beats[p*WEIGHT_BEATS*BEAT_W+h*32+:32] = '0;
      end
    end
  end

  stage_tap #(
    .BEATS(POSITIONS * WEIGHT_BEATS)
  ) u_tap (
    .clk_i,
    .fire_i (weight_fires),
    .stage_i(cartridge_pkg::STAGE_ATTN_WEIGHT),
    .layer_i,
    .tag_i  (tag_q),
    .beat_i (16'((32'(v_pos_q) - POSITIONS) * WEIGHT_BEATS)),  // the values' position is a beat ahead
    .data_i (weight_beats)
  );
endmodule
