// SPDX-License-Identifier: Apache-2.0
`include "require.svh"
// Choice by temperature among the TOP_K largest logits of VOCAB, which arrive LANES a beat (docs/formats.md, sampler).
//
//   take: a beat waits while its largest logits enter the list, one a clock -> weigh: an exponential a clock -> draw
//   -> pick: along the list until the running sum passes the draw -> out
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
  localparam int FILL_W = $clog2(TOP_K + 1);

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
  logic [LANES-1:0] taken_q;  // lanes of the waiting beat that are in the list
  tag_t tag_q;
  logic [23:0] beta_q;
  logic [31:0] seed_q;

  // The largest logits so far, sorted, and how many they are.
  logic signed [31:0] z_q[TOP_K];
  logic [TOKEN_W-1:0] t_q[TOP_K];
  logic [FILL_W-1:0] fill_q;
  logic [LIST_IW-1:0] idx_q, last, worst;  // of the list: the one at work, the last there is, and of a full list

  // The best lane that is not taken; the lowest among equals.
  logic signed [31:0] best;
  logic [LANE_IW-1:0] lane;
  logic [TOKEN_W-1:0] token;
  logic found, enters;

  always_comb begin
    best  = '0;
    lane  = '0;
    found = 1'b0;
    for (int unsigned l = 0; l < LANES; l++) begin
      if (valid_i && !taken_q[l] && 32'(beat_q) * LANES + l < VOCAB) begin
        if (!found || $signed(data_i[l*32+:32]) > best) begin
          best  = data_i[l*32+:32];
          lane  = LANE_IW'(l);
          found = 1'b1;
        end
      end
    end
  end

  assign token   = TOKEN_W'(32'(beat_q) * LANES + 32'(lane));
  assign last    = LIST_IW'(fill_q - 1'b1);
  assign worst   = LIST_IW'(sample.top_k - 5'd1);
  assign enters  = found && (5'(fill_q) < sample.top_k || best > z_q[worst]);
  assign ready_o = state_q == StTake && !enters;
  assign valid_o = state_q == StOut;
  assign tag_o   = tag_q;
  assign busy_o  = state_q != StTake || beat_q != 0;

  always_ff @(posedge clk_i) begin
    if (state_q == StTake && enters) begin
      if (fill_q == 0 || best > z_q[0]) begin
        z_q[0] <= best;
        t_q[0] <= token;
      end
      for (int unsigned i = 1; i < TOP_K; i++) begin
        if (FILL_W'(i) > fill_q || best > z_q[i-1]) begin
          z_q[i] <= z_q[i-1];
          t_q[i] <= t_q[i-1];
        end else if (FILL_W'(i) == fill_q || best > z_q[i]) begin
          z_q[i] <= best;
          t_q[i] <= token;
        end
      end
    end
  end

  // Weights: 2^-((z_0 - z_i) * beta), 20 fraction bits.
  logic [31:0] gap;
  logic [56:0] fall;
  logic [24:0] dlt;
  logic [20:0] e, e_q[TOP_K];
  logic [25:0] sum_q, run;

  assign gap  = z_q[0] - z_q[idx_q];
  assign fall = (57'(gap) * 57'(beta_q) + 57'd524288) >> 20;
  assign dlt  = |fall[56:25] ? '1 : fall[24:0];

  exp2 u_exp2 (
    .d_i(dlt),
    .e_o(e)
  );

  // The draw: a hash of seed and position times the sum of all weights.
  logic [31:0] hash_q;
  logic [25:0] draw_q;
  logic picked_q;
  logic [TOKEN_W-1:0] token_q;

  function automatic logic [31:0] lowbias32(input logic [31:0] x);
    lowbias32 = x ^ (x >> 16);
    lowbias32 = lowbias32 * 32'h7FEB_352D;
    lowbias32 = lowbias32 ^ (lowbias32 >> 15);
    lowbias32 = lowbias32 * 32'h846C_A68B;
    lowbias32 = lowbias32 ^ (lowbias32 >> 16);
  endfunction

  assign run     = sum_q + 26'(e_q[idx_q]);
  assign token_o = token_q;

  always_ff @(posedge clk_i) begin
    if (rst_i) begin
      state_q  <= StTake;
      beat_q   <= '0;
      taken_q  <= '0;
      fill_q   <= '0;
      idx_q    <= '0;
      sum_q    <= '0;
      hash_q   <= '0;
      draw_q   <= '0;
      picked_q <= 1'b0;
      token_q  <= '0;
      tag_q    <= '0;
      beta_q   <= '0;
      seed_q   <= '0;
    end else begin
      unique case (state_q)
        StTake:
        if (enters) begin
          taken_q[lane] <= 1'b1;
          if (5'(fill_q) < sample.top_k) fill_q <= fill_q + 1'b1;
        end else if (valid_i) begin
          taken_q <= '0;
          tag_q   <= (beat_q == 0) ? tag_i : shared_tag(tag_q, tag_i);
          beta_q  <= sample.beta;
          seed_q  <= sample.seed;
          beat_q  <= beat_q + 1'b1;
          if (beat_q == BEAT_IW'(BEATS - 1)) begin
            beat_q  <= '0;
            state_q <= StWeigh;
          end
        end
        StWeigh: begin
          e_q[idx_q] <= e;
          sum_q      <= sum_q + 26'(e);
          idx_q      <= idx_q + 1'b1;
          if (idx_q == last) begin
            idx_q   <= '0;
            state_q <= StHash;
          end
        end
        StHash: begin
          hash_q  <= lowbias32(seed_q + 32'(tag_q.pos) * 32'h9E37_79B9);
          state_q <= StDraw;
        end
        StDraw: begin
          draw_q   <= 26'((58'(hash_q) * 58'(sum_q)) >> 32);
          sum_q    <= '0;
          picked_q <= 1'b0;
          state_q  <= StPick;
        end
        StPick: begin
          sum_q <= run;
          idx_q <= idx_q + 1'b1;
          if (!picked_q && run > draw_q) begin
            picked_q <= 1'b1;
            token_q  <= t_q[idx_q];
          end
          if (idx_q == last) begin
            idx_q   <= '0;
            sum_q   <= '0;
            fill_q  <= '0;
            state_q <= StOut;
          end
        end
        StOut:   if (ready_i) state_q <= StTake;
        default: state_q <= StTake;
      endcase
    end
  end
endmodule
