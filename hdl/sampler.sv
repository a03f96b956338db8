// SPDX-License-Identifier: Apache-2.0
`include "require.svh"
// Choice by temperature among the TOP_K largest logits of VOCAB, which arrive LANES a beat (docs/formats.md, sampler).
//
//   take: a beat is taken a clock, if none of its logits can enter the list; else these come first, one a clock:
//         chosen | their value | entered | the last of the list held against the next beat
//   -> weigh: z of the list | z_0 - z | times beta, three | limited | exp2, four | added up
//   -> hash -> draw -> pick: along the list until the running sum passes the draw -> out
//
// Padding columns of the last beat are never taken.
module sampler #(
  parameter int VOCAB = 64,
  parameter int TOP_K = 16   // the longest list
) (
  input  logic                              clk_i,
  input  logic                              rst_i,
  output logic                              busy_o,  // some beats of a vector are inside
  input  logic                              valid_i,
  output logic                              ready_o,
  input  cartridge_pkg::tag_t               tag_i,
  input  logic  [cartridge_pkg::BEAT_W-1:0] data_i,
  input  cartridge_pkg::sample_t            sample_i,  // how the tag's slot chooses: 2 <= top_k <= TOP_K
  output logic                              valid_o,
  input  logic                              ready_i,
  output cartridge_pkg::tag_t               tag_o,
  output logic [cartridge_pkg::TOKEN_W-1:0] token_o
);
  import cartridge_pkg::*;

  `REQUIRE(tokens_number_the_vocabulary, VOCAB >= 1 && VOCAB <= 1 << TOKEN_W)
  `REQUIRE(list_has_2_to_31_logits, TOP_K >= 2 && TOP_K <= 31)

  sample_t sample;  // Icarus 11 knows the type of a top's port only from a variable of it
  assign sample = sample_i;

  localparam int BEATS = (VOCAB + LANES - 1) / LANES;
  localparam int BEAT_IW = idx_w(BEATS);
  localparam int LANE_IW = idx_w(LANES);
  localparam int LIST_IW = idx_w(TOP_K);
  localparam int LAST_LANES = VOCAB - (BEATS - 1) * LANES;  // of the last beat
  localparam int PART = 8;  // lanes among which the first is looked for, beside the other parts
  localparam int PARTS = (LANES + PART - 1) / PART;
  localparam int SUM_W = 26;  // of all weights: 31 of at most 2^20

  typedef enum logic [2:0] {
    StTake,
    StWeigh,
    StHash,
    StDraw,
    StPick,
    StOut
  } state_e;
  state_e state_q;
  logic [BEAT_IW-1:0] beat_q;
  logic [TOKEN_W-1:0] base_q;  // of lane 0 of the beat that was taken
  logic ended_q;  // that was the last one
  tag_t tag_q;
  logic [4:0] top_k_q;
  logic [23:0] beta_q;
  logic [31:0] seed_q;
  logic accepts;

  assign accepts = valid_i && ready_o;
  assign valid_o = state_q == StOut;
  assign tag_o   = tag_q;
  assign busy_o  = state_q != StTake || beat_q != 0 || ended_q;

  // ---- candidates of the beat that was taken: any, until the list is full, then those above the last of it
  logic [BEAT_W-1:0] data_q;
  logic [LANES-1:0] above, candidate_q, first, left, first_q;
  logic [PARTS-1:0] any_q;  // candidates of each part
  logic [2:0] entering_q;  // by stage
  logic full_q;
  logic signed [31:0] worst_q, value, value_q;
  logic [LANE_IW-1:0] lane, lane_q;

  assign ready_o = state_q == StTake && !ended_q && any_q == '0 && entering_q == '0;
  assign left    = candidate_q & ~first;

  always_comb begin
    value = '0;
    lane  = '0;
    for (int unsigned l = 0; l < LANES; l++) begin
      above[l] = (l < LAST_LANES || beat_q != BEAT_IW'(BEATS - 1)) && (!full_q || $signed(data_i[l*32+:32]) > worst_q);
      first[l] = candidate_q[l];
      for (int unsigned p = 0; p < l / PART; p++) if (any_q[p]) first[l] = 1'b0;
      for (int unsigned o = l / PART * PART; o < l; o++) if (candidate_q[o]) first[l] = 1'b0;
      value = value | (data_q[l*32+:32] & {32{first_q[l]}});
      lane  = lane | (LANE_IW'(l) & {LANE_IW{first_q[l]}});
    end
  end

  always_ff @(posedge clk_i) begin
    if (accepts) begin
      data_q      <= data_i;
      candidate_q <= above;
      base_q      <= (beat_q == 0) ? '0 : base_q + TOKEN_W'(LANES);
    end else if (any_q != '0) begin
      candidate_q <= left;
      first_q     <= first;
    end
    if (entering_q[0]) begin
      value_q <= value;
      lane_q  <= lane;
    end
  end

  for (genvar p = 0; p < PARTS; p++) begin : gen_part
    localparam int SIZE = (LANES - p * PART < PART) ? LANES - p * PART : PART;
    always_ff @(posedge clk_i) begin
      if (rst_i) any_q[p] <= 1'b0;
      else if (accepts) any_q[p] <= |above[p*PART+:SIZE];
      else if (any_q != '0) any_q[p] <= |left[p*PART+:SIZE];
    end
  end

  // ---- the largest logits so far, sorted
  logic [TOP_K-1:0] there_q, higher;
  logic [TOP_K*32-1:0] z_q;
  logic [TOP_K*TOKEN_W-1:0] t_q;
  logic [LIST_IW-1:0] fill_q;  // how many they are, less one

  for (genvar i = 0; i < TOP_K; i++) begin : gen_place
    assign higher[i] = !there_q[i] || value_q > $signed(z_q[i*32+:32]);
    always_ff @(posedge clk_i) begin
      if (entering_q[1] && higher[i]) begin
        if (i != 0 && higher[(i==0)?0 : i-1]) begin
          z_q[i*32+:32]           <= z_q[((i==0)?0 : i-1)*32+:32];
          t_q[i*TOKEN_W+:TOKEN_W] <= t_q[((i==0)?0 : i-1)*TOKEN_W+:TOKEN_W];
        end else begin
          z_q[i*32+:32]           <= value_q;
          t_q[i*TOKEN_W+:TOKEN_W] <= base_q + TOKEN_W'(lane_q);
        end
      end
    end
  end

  always_ff @(posedge clk_i) if (entering_q[2]) worst_q <= z_q[LIST_IW'(top_k_q-5'd1)*32+:32];

  // ---- along the list, in StWeigh and in StPick
  localparam int WEIGHED = 10;  // stages ahead of the sum
  logic walks_q, walked;  // an item of the list is read
  logic [LIST_IW-1:0] idx_q, sum_idx_q;
  logic [WEIGHED-1:0] weighing_q;
  logic picking_q;
  assign walked = walks_q && idx_q == fill_q;

  // Weights: 2^-((z_0 - z_i) * beta), 20 fraction bits.
  logic [31:0] item_q, largest_q, gap_q;
  logic signed [57:0] fall;
  logic [24:0] dlt_q;
  logic [20:0] e;
  logic [SUM_W-1:0] sum_q, sum;
  logic [TOP_K*SUM_W-1:0] sums_q;  // up to each place of the list

  multiplier #(
    .A_W   (33),
    .B_W   (25),
    .ADDEND(64'd524288)
  ) u_fall (
    .clk_i,
    .en_i(weighing_q[3:1]),
    .a_i ({1'b0, gap_q}),
    .b_i ({1'b0, beta_q}),
    .p_o (fall)
  );

  exp2 u_exp2 (
    .clk_i,
    .en_i(weighing_q[8:5]),
    .d_i (dlt_q),
    .e_o (e)
  );

  assign sum = sum_q + SUM_W'(e);

  always_ff @(posedge clk_i) begin
    if (walks_q) begin
      item_q    <= z_q[32'(idx_q)*32+:32];
      largest_q <= z_q[31:0];  // which all places are compared with: too much to hold for a sum behind it
    end
    if (weighing_q[0]) gap_q <= largest_q - item_q;
    if (weighing_q[4]) dlt_q <= (fall[57:45] != '0) ? '1 : fall[44:20];
    if (weighing_q[9]) sums_q[32'(sum_idx_q)*SUM_W+:SUM_W] <= sum;
  end

  // The draw: a hash of seed and position times the sum of all weights.
  logic [3:0] step_q;  // clocks of StHash and of StDraw
  logic [31:0] hash_q, factor;
  logic signed [63:0] mixed;
  logic signed [59:0] drawn;
  logic [SUM_W-1:0] sum_item_q;
  logic [TOKEN_W-1:0] token_item_q, token_q;
  logic picked_q;

  // lowbias32 of seed + position * 0x9E37_79B9: three clocks of each multiplication, and what comes behind it.
  logic [2:0] hashing;
  always_comb begin
    unique case (step_q)
      4'd0, 4'd5, 4'd9:  hashing = 3'b001;
      4'd1, 4'd6, 4'd10: hashing = 3'b010;
      4'd2, 4'd7, 4'd11: hashing = 3'b100;
      default:           hashing = 3'b000;
    endcase
  end
  assign factor = (step_q < 4'd5) ? 32'h9E37_79B9 : (step_q < 4'd9) ? 32'h7FEB_352D : 32'h846C_A68B;

  multiplier #(
    .A_W(32),
    .B_W(32)
  ) u_hash (
    .clk_i,
    .en_i({3{state_q == StHash}} & hashing),
    .a_i (hash_q),
    .b_i (factor),
    .p_o (mixed)
  );

  multiplier #(
    .A_W(33),
    .B_W(SUM_W + 1)
  ) u_draw (
    .clk_i,
    .en_i({3{state_q == StDraw}} & (3'd1 << step_q[1:0])),
    .a_i ({1'b0, hash_q}),
    .b_i ({1'b0, sum_q}),
    .p_o (drawn)
  );

  assign token_o = token_q;

  always_ff @(posedge clk_i) begin
    if (state_q == StWeigh) hash_q <= 32'(tag_q.pos);
    else if (state_q == StHash) begin
      unique case (step_q)
        4'd3:    hash_q <= mixed[31:0] + seed_q;
        4'd4:    hash_q <= hash_q ^ (hash_q >> 16);
        4'd8:    hash_q <= mixed[31:0] ^ (mixed[31:0] >> 15);
        4'd12:   hash_q <= mixed[31:0] ^ (mixed[31:0] >> 16);
        default: ;
      endcase
    end
    if (walks_q) begin
      sum_item_q   <= sums_q[32'(idx_q)*SUM_W+:SUM_W];
      token_item_q <= t_q[32'(idx_q)*TOKEN_W+:TOKEN_W];
    end
  end

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      state_q    <= StTake;
      beat_q     <= '0;
      ended_q    <= 1'b0;
      entering_q <= '0;
      there_q    <= '0;
      fill_q     <= '0;
      full_q     <= 1'b0;
      walks_q    <= 1'b0;
      idx_q      <= '0;
      sum_idx_q  <= '0;
      weighing_q <= '0;
      sum_q      <= '0;
      step_q     <= '0;
      picking_q  <= 1'b0;
      picked_q   <= 1'b0;
      token_q    <= '0;
      tag_q      <= '0;
      top_k_q    <= '0;
      beta_q     <= '0;
      seed_q     <= '0;
    end else begin
      entering_q <= {entering_q[1:0], any_q != '0};
      if (entering_q[1]) begin
        there_q <= TOP_K'({there_q, 1'b1});
        if (there_q[0] && 5'(fill_q) + 5'd1 != top_k_q) fill_q <= fill_q + 1'b1;
      end
      if (entering_q[2]) full_q <= there_q[LIST_IW'(top_k_q-5'd1)];

      if (walks_q) idx_q <= walked ? '0 : idx_q + 1'b1;
      if (walked) walks_q <= 1'b0;
      weighing_q <= {weighing_q[WEIGHED-2:0], walks_q && state_q == StWeigh};
      picking_q  <= walks_q && state_q == StPick;
      if (weighing_q[9]) begin
        sum_q     <= sum;
        sum_idx_q <= sum_idx_q + 1'b1;
      end
      if (picking_q && !picked_q && sum_item_q > drawn[32+:SUM_W]) begin
        picked_q <= 1'b1;
        token_q  <= token_item_q;
      end

      unique case (state_q)
        StTake: begin
          if (accepts) begin
            tag_q   <= (beat_q == 0) ? tag_i : shared_tag(tag_q, tag_i);
            top_k_q <= sample.top_k;
            beta_q  <= sample.beta;
            seed_q  <= sample.seed;
            beat_q  <= beat_q + 1'b1;
            if (beat_q == BEAT_IW'(BEATS - 1)) begin
              beat_q  <= '0;
              ended_q <= 1'b1;
            end
          end
          if (ended_q && any_q == '0 && entering_q == '0) begin
            ended_q <= 1'b0;
            walks_q <= 1'b1;
            state_q <= StWeigh;
          end
        end
        StWeigh: if (!walks_q && weighing_q == '0) state_q <= StHash;
        StHash: begin
          step_q <= step_q + 1'b1;
          if (step_q == 4'd12) begin
            step_q  <= '0;
            state_q <= StDraw;
          end
        end
        StDraw: begin
          step_q <= step_q + 1'b1;
          if (step_q == 4'd2) begin
            step_q  <= '0;
            walks_q <= 1'b1;
            state_q <= StPick;
          end
        end
        StPick:
        if (!walks_q) begin
          sum_q     <= '0;
          sum_idx_q <= '0;
          picked_q  <= 1'b0;
          there_q   <= '0;
          fill_q    <= '0;
          full_q    <= 1'b0;
          state_q   <= StOut;
        end
        StOut:   if (ready_i) state_q <= StTake;
        default: state_q <= StTake;
      endcase
    end
  end
endmodule
